#ifndef SIMULATE_H
#define SIMULATE_H

struct Particle;

// Advances n particles on the device; returns the number of all bounces, or -1.
int simulate(Particle *particles, int n, int steps, float dt);

#endif
