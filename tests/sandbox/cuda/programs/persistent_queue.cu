// Persistent threads: blocks take tasks of uneven size from an atomic queue until it is empty.
#include <cstdio>
#include <vector>

struct Task {
    int begin, end;
};

struct Queue {
    Task *tasks;
    int *head;
    int size;
    __device__ bool pop(Task &t)
    {
        int i = atomicAdd(head, 1);
        if (i >= size) return false;
        t = tasks[i];
        return true;
    }
};

__global__ void worker(Queue queue, const int *v, long long *total, int *processed)
{
    __shared__ Task task;
    __shared__ bool more;
    while (true) {
        if (threadIdx.x == 0) more = queue.pop(task);
        __syncthreads();
        if (!more) break;
        for (int i = task.begin + threadIdx.x; i < task.end; i += blockDim.x) atomicAdd((unsigned long long *)total, (unsigned long long)v[i] * v[i]);
        if (threadIdx.x == 0) atomicAdd(processed, 1);
        __syncthreads();
    }
}

int main()
{
    const int n = 2000;
    std::vector<int> v(n);
    std::vector<Task> tasks;
    long long want = 0, total = 0;
    for (int i = 0; i < n; i++) v[i] = i % 61, want += v[i] * v[i];
    for (int begin = 0, k = 1; begin < n; begin += k, k = k % 90 + 7) tasks.push_back({begin, begin + k < n ? begin + k : n});
    Queue q;
    int *dv, *d_processed, processed = 0;
    long long *d_total;
    q.size = tasks.size();
    cudaMalloc(&q.tasks, q.size * sizeof(Task));
    cudaMalloc(&q.head, sizeof(int));
    cudaMalloc(&dv, n * sizeof(int));
    cudaMalloc(&d_total, sizeof total);
    cudaMalloc(&d_processed, sizeof(int));
    cudaMemcpy(q.tasks, tasks.data(), q.size * sizeof(Task), cudaMemcpyHostToDevice);
    cudaMemset(q.head, 0, sizeof(int));
    cudaMemcpy(dv, v.data(), n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(d_total, 0, sizeof total);
    cudaMemset(d_processed, 0, sizeof(int));
    worker<<<6, 32>>>(q, dv, d_total, d_processed);
    cudaMemcpy(&total, d_total, sizeof total, cudaMemcpyDeviceToHost);
    cudaMemcpy(&processed, d_processed, sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(q.tasks), cudaFree(q.head), cudaFree(dv), cudaFree(d_total), cudaFree(d_processed);
    bool good = total == want && processed == (int)tasks.size();
    printf("%s persistent_queue %d tasks %lld\n", good ? "ok" : "FAILED", processed, total);
    return good ? 0 : 1;
}
