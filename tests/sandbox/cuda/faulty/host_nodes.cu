// fault: kind=host_access check=none line=20
// The host walks nodes that lie on the device.
struct Node {
    Node *next;
    int v;
};
__global__ void set(Node *n)
{
    n->v = 1;
    n->next = nullptr;
}

int main()
{
    Node *d;
    cudaMalloc(&d, sizeof(Node));
    set<<<1, 1>>>(d);
    cudaDeviceSynchronize();
    int s = 0;
    for (Node *n = d; n; n = n->next) s += n->v;
    return s;
}
