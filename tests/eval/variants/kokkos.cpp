//// lambda
$HEAD {
    Kokkos::parallel_for("rows", $ROWS, KOKKOS_LAMBDA(const int i) { $BODY });
    Kokkos::fence();
}
//// range-policy
$HEAD {
    using Policy = Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>;
    Kokkos::parallel_for(Policy(0, $ROWS), [=](int i) { $BODY });
    Kokkos::fence();
}
//// functor
struct Rows_$NAME {
    $MEMBERS
    KOKKOS_INLINE_FUNCTION void operator()(const int i) const { $BODY }
};
$HEAD {
    Kokkos::parallel_for("functor", Kokkos::RangePolicy<>(0, $ROWS), Rows_$NAME{$ARGUMENTS});
}
//// teams
$HEAD {
    const int blocks = ($ROWS + 15) / 16;
    using Team = Kokkos::TeamPolicy<Kokkos::DefaultHostExecutionSpace>;
    Kokkos::parallel_for("teams", Team(blocks, Kokkos::AUTO), KOKKOS_LAMBDA(const Team::member_type &team) {
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 16), [&](const int in) {
            const int i = 16 * team.league_rank() + in;
            if (i < $ROWS) { $BODY }
        });
    });
}
