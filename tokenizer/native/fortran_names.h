// Names of a Fortran text, the scopes that they live in, and what is known of each.
//
// Theory of operation. A word is interned without regard to case. Each scope has its own entities, found by (scope, name) in one hash
// table. What a name means is only known when the outermost program unit ends (a procedure may follow its use), so every scope
// first collects entities of its own, and `settle` then makes those that it didn't declare aliases of the host's, a module's or a
// global one. Making two names of one spelling the same symbol never changes a program; making one name two symbols would.
#pragma once

#include <array>
#include <string>

#include "fortran_scan.h"
#include "fortran_words.h"

namespace hpcraft::fortran {

constexpr uint32_t kNone = 0xffffffff;

// Scopes that are no part of the tree.
enum : uint32_t { kGlobal = 0, kMembers = 1, kCommons = 2, kCriticals = 3, kFirstScope = 4 };

// What is known of an entity.
enum State : uint32_t {
    s_typed = 1,        // has an explicit type
    s_array = 2,        // has an array specification
    s_dummy = 4,
    s_variable = 8,     // can be no function: has an attribute or an initial value of variables, is cut like a string
    s_called = 16,      // stands before a parenthesis in an expression
    s_sub = 32,         // after CALL
    s_external = 64,
    s_procedure = 128,
    s_type = 256,       // a derived type
    s_defined = 512,    // a derived type or module that this text defines
    s_module = 1024,
    s_label = 2048,
    s_member = 4096,
    s_assigned = 8192,  // left of =, with a parenthesis
    s_generic = 16384,
    s_intrinsic = 32768,
    s_early = 131072,   // used before a type was declared for it
    s_imported = 65536, // an entity of a module, by an ONLY list
};

struct Entity {
    uint32_t name;
    uint32_t scope;
    uint32_t alias;         // itself, or the entity that it is the same as
    uint32_t type = kNone;  // entity of its derived type; kIntrinsic for an intrinsic type
    uint32_t body = 0;      // scope of the procedure
    uint32_t state = 0;
    uint8_t flags = 0;
    uint8_t letters = 7;    // which letters its implicit types allow: 1 v, 2 f, 4 i
};
constexpr uint32_t kIntrinsic = 0xfffffffe;

struct Scope {
    uint32_t parent;
    uint32_t depth;
    uint32_t implicit = kNone;     // its table of implicit types, kNone to take the host's
    bool implicit_none = false;
    bool implicit_given = false;
    bool wildcard = false;         // names may come from a module or file that is not in the text
    uint32_t use = kNone;          // first of its `uses`
    uint32_t dummy = kNone;        // first of its dummies
};

using Types = std::array<uint32_t, 26>;  // per first letter a hash of the implicit type

class Interner {
  public:
    Interner();
    uint32_t id(std::string_view word);
    std::string_view text(uint32_t id) const { return texts_[id]; }
    uint32_t size() const { return uint32_t(texts_.size()); }

  private:
    void grow();
    std::vector<std::string_view> texts_;
    std::vector<uint32_t> hashes_;
    std::vector<uint32_t> slots_;
};

class Names {
  public:
    Names();

    uint32_t open(uint32_t parent);
    // The entity of a name in a scope itself, made when there is none.
    uint32_t in(uint32_t scope, uint32_t name);
    uint32_t find(uint32_t scope, uint32_t name) const;
    void enter(uint32_t scope, uint32_t name, uint32_t entity);
    uint32_t root(uint32_t entity);
    // Makes `other` an alias of `entity`.
    uint32_t join(uint32_t entity, uint32_t other);
    Entity &at(uint32_t entity) { return entities_[entity]; }
    Scope &scope(uint32_t scope) { return scopes_[scope]; }
    uint32_t count() const { return uint32_t(entities_.size()); }

    void add_use(uint32_t scope, uint32_t module_scope);
    void add_dummy(uint32_t scope, uint32_t entity);
    std::vector<uint32_t> dummies(uint32_t scope) const;
    uint32_t in_module(uint32_t scope, uint32_t name, int &budget);
    uint32_t add_types(uint32_t scope);  // the scope's own copy of its implicit types
    Types &types(uint32_t table) { return types_[table]; }

    // A function without an explicit type.
    void note_implicit(uint32_t function, uint32_t scope) { implicit_functions_.push_back({function, scope}); }

    // An outermost unit has ended: decide what the names of its scopes mean.
    void settle(bool fragment);

    Interner words;

  private:
    struct Use { uint32_t scope, next; };
    uint32_t host_entity(uint32_t entity);
    void settle_scopes(bool fragment);
    void settle_declared(uint32_t entity);
    void settle_undeclared(uint32_t entity);
    void constrain(uint32_t entity, uint32_t scope, uint32_t target);
    void rehash();

    std::vector<Entity> entities_;
    std::vector<Scope> scopes_;
    std::vector<Use> uses_, dummies_;
    std::vector<std::pair<uint32_t, uint32_t>> implicit_functions_;
    std::vector<Types> types_;
    std::vector<std::pair<uint64_t, uint32_t>> table_;
    size_t filled_ = 0;
    uint32_t settled_entities_ = 0, settled_scopes_ = kFirstScope;
};

}  // namespace hpcraft::fortran
