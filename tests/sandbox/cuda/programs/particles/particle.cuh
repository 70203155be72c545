// A particle that host and device both know.
#pragma once

#include <cuda_runtime.h>

struct Particle {
    float3 position, velocity;
    int bounces;

    __host__ __device__ void advance(float dt)
    {
        move(position.x, velocity.x, dt);
        move(position.y, velocity.y, dt);
        move(position.z, velocity.z, dt);
    }

private:
    __host__ __device__ void move(float &p, float &v, float dt)
    {
        p += v * dt;
        if (p < 0.0f || p > 1.0f) {
            v = -v;
            ++bounces;
        }
    }
};
