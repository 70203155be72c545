// Interning, scopes and symbols.
#include "c_names.h"

namespace hpcraft {

namespace {

uint32_t hash_of(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3u;
    return uint32_t(hash ^ (hash >> 32));
}

}  // namespace

Names::Names(std::string_view source, Language language) : source_(source), language_(language), table_(1024, 0) {
    // Address space alone: growing would hold the places twice.
    places_.reserve(source.size() / 6 + 16);
}

uint32_t Names::intern(std::string_view text) {
    uint32_t hash = hash_of(text);
    size_t mask = table_.size() - 1, slot = hash & mask;
    for (; table_[slot]; slot = (slot + 1) & mask) {
        const Spelling &found = spellings_[table_[slot] - 1];
        if (found.hash == hash && found.text == text) return table_[slot] - 1;
    }
    Spelling fresh;
    fresh.text = text;
    fresh.hash = hash;
    fresh.word = word_class(text, language_);
    spellings_.push_back(fresh);
    table_[slot] = uint32_t(spellings_.size());
    if (spellings_.size() * 2 > table_.size()) grow();
    return uint32_t(spellings_.size() - 1);
}

void Names::grow() {
    table_.assign(table_.size() * 4, 0);
    size_t mask = table_.size() - 1;
    for (size_t i = 0; i < spellings_.size(); i++) {
        size_t slot = spellings_[i].hash & mask;
        while (table_[slot]) slot = (slot + 1) & mask;
        table_[slot] = uint32_t(i + 1);
    }
}

void Names::pop() {
    uint32_t mark = scopes_.back();
    scopes_.pop_back();
    while (bindings_.size() > mark) {
        spellings_[bindings_.back().spelling].local = bindings_.back().previous;
        bindings_.pop_back();
    }
}

uint32_t Names::make(uint32_t id, char kind, uint8_t flags) {
    meanings_.push_back({id, kind, flags, false, false, false});
    return uint32_t(meanings_.size() - 1);
}

uint32_t Names::bind(uint32_t id, char kind) {
    uint32_t now = spellings_[id].local;
    if (now && bindings_[now - 1].level == scopes_.size()) return bindings_[now - 1].symbol;
    uint32_t symbol = make(id, kind, declared | local);
    bind_to(id, symbol);
    return symbol;
}

void Names::bind_to(uint32_t id, uint32_t symbol) {
    bindings_.push_back({id, symbol, spellings_[id].local, uint32_t(scopes_.size())});
    spellings_[id].local = uint32_t(bindings_.size());
}

uint32_t Names::outer(uint32_t id, char kind, bool declares) {
    uint32_t &symbol = spellings_[id].outer;
    if (!symbol) symbol = make(id, kind, 0) + 1;
    Meaning &found = meanings_[symbol - 1];
    if (kind == 'm') found.flags |= hpcraft::member;
    if (declares) {
        // What was declared first decides, but a type is a type (a constructor is spelled as its class).
        if (!(found.flags & declared) || kind == 't') found.kind = kind;
        found.flags |= declared;
    }
    return symbol - 1;
}

uint32_t Names::tag(uint32_t id, bool declares) {
    uint32_t &symbol = spellings_[id].tag;
    if (!symbol) symbol = make(id, 't', 0) + 1;
    if (declares) meanings_[symbol - 1].flags |= declared;
    return symbol - 1;
}

uint32_t Names::member(uint32_t id, bool declares) {
    uint32_t &symbol = spellings_[id].member;
    if (!symbol) symbol = make(id, 'm', 0) + 1;
    if (declares) meanings_[symbol - 1].flags |= declared;
    return symbol - 1;
}

uint32_t Names::label(uint32_t id, uint32_t function) {
    Spelling &spelling = spellings_[id];
    if (!spelling.label || spelling.label_function != function) {
        spelling.label = make(id, 'l', declared | local) + 1;
        spelling.label_function = function;
    }
    return spelling.label - 1;
}

uint32_t Names::use(uint32_t id) {
    uint32_t now = spellings_[id].local;
    if (now) return bindings_[now - 1].symbol;
    uint32_t symbol = outer(id, 'v', false);
    if (!(meanings_[symbol].flags & declared)) meanings_[symbol].used_undeclared = true;
    return symbol;
}

bool Names::known(uint32_t id, uint32_t &symbol) {
    const Spelling &spelling = spellings_[id];
    if (!spelling.local && !spelling.outer) return false;
    symbol = spelling.local ? bindings_[spelling.local - 1].symbol : spelling.outer - 1;
    return true;
}

// The kind of what a plain name means now, if the text declared it; else 0.
char Names::kind_of(uint32_t id) {
    uint32_t symbol;
    if (!known(id, symbol) || !(meanings_[symbol].flags & declared)) return 0;
    return meanings_[symbol].kind;
}

void Names::place(uint32_t begin, uint32_t end, uint32_t symbol) { places_.push_back({begin, end - begin, symbol}); }

void Names::weak_place(uint32_t begin, uint32_t end, uint32_t id) {
    uint32_t symbol;
    if (spellings_[id].local && known(id, symbol)) return place(begin, end, symbol);
    weak_.push_back({begin, end - begin, id});
}

}  // namespace hpcraft
