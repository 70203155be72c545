// Interning, entities and scopes: the tables. What names mean in the end is decided in fortran_settle.cc.
#include "fortran_names.h"

namespace hpcraft::fortran {

namespace {

uint32_t hash_of(std::string_view word) {
    uint32_t hash = 2166136261u;
    for (char c : word) hash = (hash ^ uint8_t(lower(c))) * 16777619u;
    return hash ^ hash >> 15;
}

bool same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

size_t slot_of(uint64_t key, size_t mask) {
    key *= 0x9e3779b97f4a7c15u;
    return size_t(key >> 20) & mask;
}

constexpr uint64_t kEmpty = ~uint64_t(0);

}  // namespace

Interner::Interner() : slots_(1024, kNone) {
    id("");
#define HPCRAFT_WORD(word) \
    { \
        std::string_view text = #word; \
        id(text.back() == '_' ? text.substr(0, text.size() - 1) : text); \
    }
    HPCRAFT_FORTRAN_WORDS(HPCRAFT_WORD)
#undef HPCRAFT_WORD
}

uint32_t Interner::id(std::string_view word) {
    uint32_t hash = hash_of(word);
    size_t mask = slots_.size() - 1, slot = hash & mask;
    for (; slots_[slot] != kNone; slot = (slot + 1) & mask) {
        uint32_t found = slots_[slot];
        if (hashes_[found] == hash && same(texts_[found], word)) return found;
    }
    slots_[slot] = size();
    texts_.push_back(word);
    hashes_.push_back(hash);
    if (texts_.size() * 2 > slots_.size()) grow();
    return size() - 1;
}

void Interner::grow() {
    slots_.assign(slots_.size() * 2, kNone);
    size_t mask = slots_.size() - 1;
    for (uint32_t i = 0; i < size(); i++) {
        size_t slot = hashes_[i] & mask;
        while (slots_[slot] != kNone) slot = (slot + 1) & mask;
        slots_[slot] = i;
    }
}

Names::Names() : table_(1024, {kEmpty, 0}) {
    for (uint32_t i = 0; i < kFirstScope; i++) scopes_.push_back({kGlobal, 0});
    Types standard;
    for (uint32_t i = 0; i < 26; i++) standard[i] = i >= 8 && i <= 13 ? hash_of("integer") : hash_of("real");
    types_.push_back(standard);
    scopes_[kGlobal].implicit = 0;
}

// Nesting deeper than this gets no scopes of its own, so that looking a name up takes bounded time.
constexpr uint32_t kDeepest = 48;

uint32_t Names::open(uint32_t parent) {
    if (scopes_[parent].depth >= kDeepest) return parent;
    scopes_.push_back({parent, scopes_[parent].depth + 1});
    return uint32_t(scopes_.size() - 1);
}

uint32_t Names::find(uint32_t scope, uint32_t name) const {
    uint64_t key = uint64_t(scope) << 32 | name;
    size_t mask = table_.size() - 1;
    for (size_t slot = slot_of(key, mask); table_[slot].first != kEmpty; slot = (slot + 1) & mask)
        if (table_[slot].first == key) return table_[slot].second;
    return kNone;
}

void Names::enter(uint32_t scope, uint32_t name, uint32_t entity) {
    if ((filled_ + 1) * 2 > table_.size()) rehash();
    uint64_t key = uint64_t(scope) << 32 | name;
    size_t mask = table_.size() - 1, slot = slot_of(key, mask);
    while (table_[slot].first != kEmpty && table_[slot].first != key) slot = (slot + 1) & mask;
    filled_ += table_[slot].first == kEmpty;
    table_[slot] = {key, entity};
}

void Names::rehash() {
    std::vector<std::pair<uint64_t, uint32_t>> old(table_.size() * 2, {kEmpty, 0});
    old.swap(table_);
    size_t mask = table_.size() - 1;
    for (auto &item : old) {
        if (item.first == kEmpty) continue;
        size_t slot = slot_of(item.first, mask);
        while (table_[slot].first != kEmpty) slot = (slot + 1) & mask;
        table_[slot] = item;
    }
}

uint32_t Names::in(uint32_t scope, uint32_t name) {
    uint32_t found = find(scope, name);
    if (found != kNone) return found;
    uint32_t entity = count();
    entities_.push_back({name, scope, entity});
    enter(scope, name, entity);
    return entity;
}

uint32_t Names::root(uint32_t entity) {
    while (entities_[entity].alias != entity) {
        uint32_t next = entities_[entity].alias;
        entities_[entity].alias = entities_[next].alias;
        entity = next;
    }
    return entity;
}

uint32_t Names::join(uint32_t entity, uint32_t other) {
    entity = root(entity);
    other = root(other);
    if (entity == other) return entity;
    Entity &kept = entities_[entity], &gone = entities_[other];
    gone.alias = entity;
    // Whether a name has a type is a matter of each scope.
    kept.state |= gone.state & ~uint32_t(s_typed);
    kept.flags |= gone.flags;
    kept.letters &= gone.letters;
    if (!kept.body) kept.body = gone.body;
    if (kept.type == kNone) kept.type = gone.type;
    return entity;
}

void Names::add_use(uint32_t scope, uint32_t module_scope) {
    uses_.push_back({module_scope, scopes_[scope].use});
    scopes_[scope].use = uint32_t(uses_.size() - 1);
}

void Names::add_dummy(uint32_t scope, uint32_t entity) {
    dummies_.push_back({entity, scopes_[scope].dummy});
    scopes_[scope].dummy = uint32_t(dummies_.size() - 1);
}

std::vector<uint32_t> Names::dummies(uint32_t scope) const {
    std::vector<uint32_t> found;
    for (uint32_t i = scopes_[scope].dummy; i != kNone; i = dummies_[i].next) found.push_back(dummies_[i].scope);
    return found;
}

uint32_t Names::add_types(uint32_t scope) {
    if (scopes_[scope].implicit != kNone) return scopes_[scope].implicit;
    uint32_t above = scope;
    while (scopes_[above].implicit == kNone) above = scopes_[above].parent;
    types_.push_back(types_[scopes_[above].implicit]);
    return scopes_[scope].implicit = uint32_t(types_.size() - 1);
}

}  // namespace hpcraft::fortran
