// Managed memory: a linked structure that both sides walk, a __managed__ variable, prefetch and advice.
#include <cstdio>
#include <new>

struct Node {
    int value;
    Node *next;
    void *operator new(size_t bytes)
    {
        void *p = nullptr;
        if (cudaMallocManaged(&p, bytes) != cudaSuccess) throw std::bad_alloc();
        return p;
    }
    void operator delete(void *p) { cudaFree(p); }
};

__managed__ int visited = 0;
__device__ __managed__ long total[2];

__global__ void walk(Node *head)
{
    for (Node *n = head; n != nullptr; n = n->next) {
        n->value *= 2;
        total[threadIdx.x] += n->value;
        visited++;
    }
}

__global__ void square(int *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] *= v[i];
}

int main()
{
    Node *head = nullptr;
    long expected = 0;
    for (int i = 1; i <= 50; i++) {
        Node *n = new Node;
        n->value = i;
        n->next = head;
        head = n;
        expected += 2 * i;
    }
    walk<<<1, 1>>>(head);
    cudaDeviceSynchronize();
    bool good = total[0] == expected && visited == 50 && head->value == 100;
    while (head) {
        Node *next = head->next;
        delete head;
        head = next;
    }
    int *v, sum = 0;
    cudaMallocManaged(&v, 100 * sizeof(int), cudaMemAttachGlobal);
    for (int i = 0; i < 100; i++) v[i] = i;
    square<<<2, 64>>>(v, 100);
    if (cudaDeviceSynchronize() != cudaSuccess) return 1;
    for (int i = 0; i < 100; i++) sum += v[i];
    cudaFree(v);
    good = good && sum == 328350;
    printf("%s managed %ld %d\n", good ? "ok" : "FAILED", total[0], sum);
    return good ? 0 : 1;
}
