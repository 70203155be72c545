/* The main program around one of ParEval's drivers, with a function in the answer's place that writes down what it is called with.
 *
 * Arguments: SEED validate SIZE ..., which lets `validate` make its calls at its own size and at each SIZE; SEED compute SIZE COUNT BYTES ...,
 * which times nothing but makes COUNT calls of `compute` at each SIZE, or at the largest half of it, quarter, ... whose arguments fit BYTES. Each try is a child
 * of its own, so that a driver that gives up loses its own try alone; `validate` makes no more calls when a second is used up.
 *
 * calls.bin: per call: u32 magic, u64 bytes, then of each parameter 8 bytes or u64 length in bytes + content; 8 bytes of the returned value;
 * and of each container that the function may write u64 length in bytes + content.
 */
#include <cstdio>
#include <ctime>
#include <sys/wait.h>
#include <unistd.h>

static size_t hpcraft_size = 0, hpcraft_problem_size = 64;
static size_t hpcraft_most_bytes = 0; /* of the arguments of a call; 0 for all that there are */
static std::string hpcraft_record;
enum { HPCRAFT_TOO_LARGE = 3, HPCRAFT_ENOUGH = 1 };

static void hpcraft_word(uint64_t value) { hpcraft_record.append((const char *)&value, 8); }

static void hpcraft_bytes(const void *data, size_t bytes) {
    hpcraft_word(bytes);
    hpcraft_record.append((const char *)data, bytes);
}

template <class T> static void hpcraft_put(const std::vector<T> &v) {
    static_assert(std::is_trivially_copyable_v<T> || std::is_same_v<T, std::complex<double>>, "not plain bytes");
    hpcraft_bytes(v.data(), v.size() * sizeof(T));
}

static void hpcraft_put(const std::vector<bool> &v) {
    std::string bytes(v.size(), 0);
    for (size_t i = 0; i < v.size(); i++) bytes[i] = v[i];
    hpcraft_bytes(bytes.data(), bytes.size());
}

template <class T, size_t N> static void hpcraft_put(const std::array<T, N> &v) { hpcraft_bytes(v.data(), sizeof v); }

template <class T> static std::enable_if_t<std::is_arithmetic_v<T>> hpcraft_put(T value) {
    uint64_t raw = 0;
    memcpy(&raw, &value, sizeof value);
    hpcraft_word(raw);
}

static void hpcraft_begin() { hpcraft_record.clear(); }

static void hpcraft_limit() {
    if (hpcraft_most_bytes && hpcraft_record.size() > hpcraft_most_bytes) _exit(HPCRAFT_TOO_LARGE);
}

static void hpcraft_end() {
    FILE *out = fopen(HPCRAFT_OUT, "ab");
    uint32_t magic = HPCRAFT_MAGIC;
    uint64_t bytes = hpcraft_record.size();
    if (!out || fwrite(&magic, 4, 1, out) != 1 || fwrite(&bytes, 8, 1, out) != 1 || fwrite(hpcraft_record.data(), 1, bytes, out) != bytes) abort();
    fclose(out);
    if (hpcraft_most_bytes) return;
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    if (used.tv_sec >= HPCRAFT_ENOUGH) _exit(0);
}

#include "HPCRAFT_DRIVER"

static void hpcraft_validate(unsigned seed, size_t size, int at) {
    alarm(20);
    srand(seed + (unsigned)size + 7919u * (unsigned)at); /* a size may come twice */
    hpcraft_size = size;
    validate(init());
}

static void hpcraft_compute(unsigned seed, size_t size, int count, size_t most_bytes) {
    alarm(50);
    srand(seed + (unsigned)count + (unsigned)size);
    hpcraft_problem_size = size;
    hpcraft_most_bytes = most_bytes;
    Context *context = init();
    for (int i = 0; i < count; i++) {
        if (i) reset(context);
        compute(context);
    }
}

static void hpcraft_halve(unsigned seed, size_t size, int count, size_t most_bytes) {
    for (; size > 1; size /= 2) {
        int state = 0;
        if (fork() == 0) {
            hpcraft_compute(seed, size, count, most_bytes);
            _exit(0);
        }
        wait(&state);
        if (!WIFEXITED(state) || WEXITSTATUS(state) != HPCRAFT_TOO_LARGE) return;
    }
}

int main(int argc, char **argv) {
    const unsigned seed = (unsigned)atoll(argv[1]);
    if (strcmp(argv[2], "validate") == 0) {
        for (int at = 2; at < argc; at++) {
            if (fork() == 0) {
                hpcraft_validate(seed, at == 2 ? 0 : (size_t)atoll(argv[at]), at);
                _exit(0);
            }
            wait(NULL);
        }
        return 0;
    }
    for (int at = 3; at + 2 < argc; at += 3) hpcraft_halve(seed, (size_t)atoll(argv[at]), atoi(argv[at + 1]), (size_t)atoll(argv[at + 2]));
    return 0;
}
