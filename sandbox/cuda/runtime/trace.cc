// Which instructions of the program led to where it is: a fault in a library, or in a template of one, belongs to the line that called.

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "runtime.h"

namespace hpcraft_cuda {

namespace {
struct Code {
    std::uintptr_t base = 0, begin = 0, end = 0;
    bool holds(std::uintptr_t at) const { return at >= begin && at < end; }
};

struct Walk {
    Code code;
    std::uintptr_t from;
    Trace *into;
    bool found = false;
    unsigned frames = 0;
};
}  // namespace

static thread_local sigjmp_buf *walking;

static int find_code(dl_phdr_info *info, std::size_t, void *into) {
    Code &code = *static_cast<Code *>(into);
    code.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto &part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || !(part.p_flags & PF_X)) continue;
        code.begin = info->dlpi_addr + part.p_vaddr;
        code.end = code.begin + part.p_memsz;
    }
    return 1;  // the program comes first
}

static _Unwind_Reason_Code look_at_frame(_Unwind_Context *context, void *into) {
    Walk &walk = *static_cast<Walk *>(into);
    int exact = 0;
    const std::uintptr_t at = _Unwind_GetIPInfo(context, &exact) - (exact ? 0 : 1);
    walk.found = walk.found || !walk.from || at == walk.from;
    if (walk.found && walk.code.holds(at)) walk.into->offsets[walk.into->count++] = at - walk.code.base;
    return walk.into->count == Trace::MOST || ++walk.frames == 200 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

Trace trace(const void *from) {
    Trace made;
    Walk walk{{}, reinterpret_cast<std::uintptr_t>(from), &made};
    dl_iterate_phdr(find_code, &walk.code);
    sigjmp_buf back;
    if (sigsetjmp(back, 1) == 0) {
        walking = &back;
        _Unwind_Backtrace(look_at_frame, &walk);
    }
    walking = nullptr;
    if (!made.count) made.offsets[made.count++] = walk.from - walk.code.base;
    return made;
}

void leave_broken_walk() {
    if (walking) siglongjmp(*walking, 1);
}

// --- names of what the program holds

Named name_at(const void *address, bool function) {
    Named found;
    Code code;
    dl_iterate_phdr(find_code, &code);
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) return found;
    void *mapped = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return found;
    const auto *bytes = static_cast<const char *>(mapped);
    const auto *header = reinterpret_cast<const ElfW(Ehdr) *>(bytes);
    const auto *sections = reinterpret_cast<const ElfW(Shdr) *>(bytes + header->e_shoff);
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(address) - code.base;
    for (unsigned i = 0; i < header->e_shnum; ++i) {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const auto *symbol = reinterpret_cast<const ElfW(Sym) *>(bytes + sections[i].sh_offset);
        const char *names = bytes + sections[sections[i].sh_link].sh_offset;
        for (const auto *end = symbol + sections[i].sh_size / sizeof *symbol; symbol < end; ++symbol) {
            if (ELF64_ST_TYPE(symbol->st_info) != (function ? STT_FUNC : STT_OBJECT)) continue;
            if (at < symbol->st_value || at >= symbol->st_value + symbol->st_size) continue;
            found.begin = reinterpret_cast<const char *>(code.base + symbol->st_value);
            found.end = found.begin + symbol->st_size;
            std::snprintf(found.name, sizeof found.name, "%s", names + symbol->st_name);
        }
    }
    munmap(mapped, status.st_size);
    return found;
}

}  // namespace hpcraft_cuda
