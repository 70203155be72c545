// What is only known at the end of a text: which dummies must share their names, what keywords and components mean, what stays.
#include <algorithm>

#include "fortran_resolve.h"

namespace hpcraft::fortran {

namespace {

uint64_t key_of(uint32_t a, uint32_t b) { return uint64_t(a) << 32 | b; }

}  // namespace

// Procedures that override each other call their dummies alike.
void Resolver::union_dummies(uint32_t key, uint32_t body, std::unordered_map<uint64_t, uint32_t> &seen) {
    for (uint32_t dummy : names_.dummies(body)) {
        auto [found, made] = seen.try_emplace(key_of(key, names_.at(dummy).name), dummy);
        if (!made) names_.join(found->second, dummy);
    }
}

void Resolver::finish_overrides() {
    std::unordered_map<uint64_t, uint32_t> seen;
    std::unordered_map<uint64_t, bool> done;
    for (const Link &link : links_) {
        uint32_t member = names_.root(link.entity), body = names_.at(names_.root(link.target)).body;
        if (link.overrides && body && done.try_emplace(key_of(member, body), true).second) union_dummies(member, body, seen);
    }
}

bool Resolver::unknown_ancestor(uint32_t type) {
    for (int steps = 0; steps < 64; steps++) {
        auto parent = parents_.find(type);
        if (parent == parents_.end()) parent = parents_.find(names_.root(type));
        if (parent == parents_.end()) return false;
        type = names_.root(parent->second);
        if (!(names_.at(type).state & s_defined)) return true;
    }
    return true;
}

// What is bound to a type whose parent is elsewhere may override something there.
void Resolver::finish_bindings() {
    for (const Binding &binding : bindings_) {
        if (!unknown_ancestor(binding.type)) continue;
        names_.at(names_.root(binding.member)).flags |= fixed;
        uint32_t body = binding.procedure == kNone ? 0 : names_.at(names_.root(binding.procedure)).body;
        if (body)
            for (uint32_t dummy : names_.dummies(body)) names_.at(names_.root(dummy)).flags |= fixed;
    }
    for (const auto &[type, parent] : parents_) {
        if (names_.at(names_.root(parent)).state & s_defined) continue;
        uint32_t member = names_.find(kMembers, names_.at(parent).name);
        if (member != kNone && !(names_.at(names_.root(parent)).flags & declared)) names_.at(names_.root(member)).flags |= fixed;
    }
}

// Each keyword is the dummy of that name of the procedure called, or of any procedure that a generic name stands for.
void Resolver::finish_keywords() {
    std::unordered_map<uint32_t, std::vector<uint32_t>> targets;
    for (const Link &link : links_) {
        auto &list = targets[names_.root(link.entity)];
        if (list.size() < 64) list.push_back(link.target);
    }
    for (const Keyword &keyword : keywords_) {
        bool access = keyword.callee & 1;
        uint32_t callee = names_.root(access ? accesses_[keyword.callee >> 1].member : keyword.callee >> 1), found = kNone;
        if (names_.at(callee).state & s_type) {  // a constructor
            uint32_t member = names_.find(kMembers, keyword.name);
            if (member != kNone && (names_.at(names_.root(member)).flags & declared)) found = member;
        }
        std::vector<uint32_t> todo{callee};
        for (size_t i = 0; i < todo.size(); i++) {
            uint32_t procedure = names_.root(todo[i]), body = names_.at(procedure).body;
            uint32_t dummy = body ? names_.find(body, keyword.name) : kNone;
            if (dummy != kNone && (names_.at(dummy).state & s_dummy)) found = found == kNone ? dummy : names_.join(found, dummy);
            auto more = targets.find(procedure);
            if (more != targets.end() && todo.size() < 256) todo.insert(todo.end(), more->second.begin(), more->second.end());
        }
        if (found != kNone) places_.push_back({keyword.begin, keyword.length, found});
    }
}

// The type of a component; false when neither the type nor its known parents have it.
bool Resolver::component_type(uint32_t type, uint32_t member, uint32_t &found) {
    for (int steps = 0; steps < 64; steps++) {
        for (uint32_t t : {type, names_.root(type)}) {
            auto component = components_.find(key_of(t, member));
            if (component != components_.end()) return found = component->second, true;
        }
        auto parent = parents_.find(type);
        if (parent == parents_.end()) return false;
        type = names_.root(parent->second);
    }
    return false;
}

// A component of a type that is not in the text keeps its name.
void Resolver::finish_accesses() {
    std::vector<uint32_t> types(accesses_.size(), kNone);  // of what each access gives
    for (size_t i = 0; i < accesses_.size(); i++) {
        const Access &access = accesses_[i];
        if (access.base == kNone) continue;
        uint32_t type = access.base & 1 ? types[access.base >> 1] : names_.at(names_.root(access.base >> 1)).type;
        bool from_elsewhere = false;
        if (!(access.base & 1)) {
            const Entity &base = names_.at(names_.root(access.base >> 1));
            from_elsewhere = type == kNone && !(base.flags & declared) && !(base.state & (s_called | s_procedure));
        }
        if (type != kNone && type != kIntrinsic) type = names_.root(type);
        bool known = type != kNone && type != kIntrinsic && (names_.at(type).state & s_defined);
        bool has = known && component_type(type, access.member, types[i]);
        bool unknown = from_elsewhere || (type < kIntrinsic && !known) || (known && !has && unknown_ancestor(type));
        if (unknown && !(known && has)) {
            names_.at(names_.root(access.member)).flags |= fixed;
            types[i] = kNone;
        }
    }
}

// All that is spelled alike becomes one symbol where a name is pinned, and stays where it is fixed.
void Resolver::finish_pins() {
    std::vector<uint8_t> marks(names_.words.size(), 0);
    for (uint32_t name : pinned_) marks[name] |= 1;
    for (uint32_t name : fixed_) marks[name] |= 2;
    std::vector<uint32_t> first(names_.words.size(), kNone);
    for (uint32_t entity = 0; entity < names_.count(); entity++) {
        uint32_t name = names_.at(entity).name;
        if (!marks[name]) continue;
        uint32_t root = names_.root(entity);
        if (marks[name] & 2) names_.at(root).flags |= fixed;
        if (!(marks[name] & 1)) continue;
        names_.at(root).flags |= pinned;
        if (first[name] == kNone) first[name] = root;
        else names_.join(first[name], root);
    }
}

char Resolver::kind_of(uint32_t entity) {
    const Entity &e = names_.at(entity);
    if (e.scope >= 0x80000000u) return 's';
    if (e.state & (s_type | s_module)) return 't';
    if (e.state & s_procedure) return 'f';
    if (e.state & s_label) return 'l';
    if (e.state & s_member) return 'm';
    return (e.state & (s_external | s_sub)) || (e.scope == kGlobal && (e.state & s_called)) ? 'f' : 'v';
}

Analysis Resolver::analysis() {
    finish_overrides();
    finish_keywords();
    finish_accesses();
    finish_bindings();
    finish_pins();
    std::vector<uint32_t>().swap(chain_);
    auto before = [](const Place &a, const Place &b) { return a.begin < b.begin; };
    if (!std::is_sorted(places_.begin(), places_.end(), before)) std::stable_sort(places_.begin(), places_.end(), before);
    auto same = [](const Place &a, const Place &b) { return a.begin == b.begin; };
    places_.erase(std::unique(places_.begin(), places_.end(), same), places_.end());
    Analysis out;
    std::vector<uint32_t> numbers(names_.count(), kNone);
    for (Place &at : places_) {
        uint32_t entity = names_.root(at.symbol);
        if (numbers[entity] == kNone) {
            const Entity &e = names_.at(entity);
            numbers[entity] = uint32_t(out.symbols.size());
            char kind = kind_of(entity);
            uint8_t flags = e.flags | ((e.state & (s_called | s_sub)) ? called : 0);
            // The letter has to give the same implicit type as the name's own.
            bool own_letter = kind == 'v' ? e.letters & 1 : kind == 'f' ? e.letters & 2 : true;
            if (!own_letter && (e.letters & 4)) kind = 'i';
            else if (!own_letter) flags |= fixed;
            out.symbols.push_back({text_.substr(at.begin, at.length), kind, flags});
        }
        at.symbol = numbers[entity];
    }
    out.places = std::move(places_);
    out.includes = std::move(includes_);
    return out;
}

}  // namespace hpcraft::fortran
