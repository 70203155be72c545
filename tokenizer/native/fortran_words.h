// The words that Fortran's statements are told by. No word is reserved: what one means is decided by where it stands.
#pragma once

#include <cstdint>

namespace hpcraft::fortran {

#define HPCRAFT_FORTRAN_WORDS(X) \
    X(abstract) X(allocatable) X(allocate) X(assign) X(assignment) X(associate) X(asynchronous) X(attributes) X(automatic) \
    X(backspace) X(backspacefile) X(bind) X(block) X(blockdata) X(byte) X(call) X(case_) X(change) X(character) X(class_) X(close) \
    X(codimension) X(common) X(complex) X(concurrent) X(contains) X(contiguous) X(continue_) X(critical) X(cycle) X(data) \
    X(deallocate) X(deferred) X(dimension) X(do_) X(double_) X(doublecomplex) X(doubleprecision) X(elemental) X(else_) X(elseif) \
    X(elsewhere) X(end) X(endassociate) X(endblock) X(endblockdata) X(endcritical) X(enddo) X(endenum) X(endfile) X(endforall) \
    X(endfunction) X(endif) X(endinterface) X(endmodule) X(endprocedure) X(endprogram) X(endselect) X(endsubmodule) X(endsubroutine) \
    X(endtype) X(endwhere) X(entry) X(enum_) X(enumerator) X(equivalence) X(error) X(event) X(exit) X(extends) X(external) X(fail) \
    X(file) X(final) X(flush) X(forall) X(form) X(format) X(function) X(generic) X(go) X(goto_) X(host) X(if_) X(implicit) X(import) \
    X(impure) X(in) X(include) X(inout) X(inquire) X(integer) X(intent) X(interface) X(intrinsic) X(is) X(len) X(kind) X(local) \
    X(local_init) X(lock) X(logical) X(module) X(namelist) X(none) X(nopass) X(non_intrinsic) X(non_overridable) X(non_recursive) \
    X(nullify) X(only) X(open) X(operator_) X(optional) X(out) X(parameter) X(pass) X(pause) X(pointer) X(precision) X(print) \
    X(private_) X(procedure) X(program) X(protected_) X(public_) X(pure) X(rank) X(read) X(real) X(recursive) X(reduce) X(result) \
    X(return_) X(rewind) X(save) X(select) X(selectcase) X(selecttype) X(sequence) X(shared) X(static_) X(stop) X(submodule) \
    X(subroutine) X(sync) X(target) X(team) X(then) X(to) X(type) X(typeof) X(unlock) X(use) X(value) X(volatile_) X(wait) X(where) \
    X(while_) X(write)

// Ids that the interner gives these words; a name is a word when its id is below w_count.
enum Word : uint32_t {
    w_nothing,
#define HPCRAFT_WORD(word) w_##word,
    HPCRAFT_FORTRAN_WORDS(HPCRAFT_WORD)
#undef HPCRAFT_WORD
    w_count
};

}  // namespace hpcraft::fortran
