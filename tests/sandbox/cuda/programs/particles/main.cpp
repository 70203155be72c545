// Plain C++ that links with the device code of simulate.cu.
#include <iostream>
#include <vector>

#include "particle.cuh"
#include "simulate.h"

int main()
{
    const int n = 200, steps = 40;
    const float dt = 0.03125f;  // a power of two: exact on both sides
    std::vector<Particle> device(n), host(n);
    for (int i = 0; i < n; i++) {
        host[i].position = make_float3(0.5f, i / 256.0f, 0.25f);
        host[i].velocity = make_float3((i % 16) / 8.0f - 1, (i % 8) / 8.0f, -(i % 4) / 4.0f);
        host[i].bounces = 0;
    }
    device = host;
    int total = simulate(device.data(), n, steps, dt), want = 0;
    for (Particle &p : host) {
        for (int s = 0; s < steps; s++) p.advance(dt);
        want += p.bounces;
    }
    bool good = total == want;
    for (int i = 0; i < n; i++) good = good && host[i].position.x == device[i].position.x && host[i].velocity.z == device[i].velocity.z;
    std::cout << (good ? "ok" : "FAILED") << " particles " << total << " bounces" << std::endl;
    return good ? 0 : 1;
}
