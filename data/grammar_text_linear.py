"""Linear algebra and batches.

Products, triangular loops, transposes, row and column sums, norms, solves for one right side each, sparse rows.
"""

from __future__ import annotations

from hpcraft.data.grammar_text import Template

TEMPLATES: dict[str, Template] = {
    "product": Template(
        params="A:in[rows*k] B:in[k*cols] C:io[rows*cols] rows:side k:side cols:side alpha:scalar",
        body="""
        ?(int numCRows = rows; ?(int numCCols = cols; ?| ?) ?| ?)
        par i 0 rows, j 0 cols {
            ?(T sum = ?(0 ?| #0 ?); seq l 0 k { ?(sum += A[i * k + l] * B[l * cols + j]; ?| T a = A[i * k + l]; T b = B[l * cols + j];
                sum += a * b; ?| sum = sum + A[i * k + l] * B[?(l * cols + j ?| j * k + l ?)]; ?)
            } C[i * cols + j] ?(= sum ?| = sum ?| += sum ?| = alpha * sum ?| = sum + alpha * C[i * cols + j] ?);
            ?| C[i * cols + j] = 0; seq l 0 k { C[i * cols + j] += A[i * k + l] * B[l * cols + j]; } ?)
        }""",
        stems="matmul gemm matrixMultiply matmul_seq mat_mul multiply_matrices matrixMulOnHost mm sgemm matrixProduct MatrixMulti",
        weight=3,
    ),
    "square_product": Template(
        params="M:in[w*w] N:in[w*w] P:io[w*w] w:side a:scalar",
        body="""
        par i 0 w, j 0 w {
            ?(T ?| double ?) sum = 0;
            seq k 0 w { ?(sum += M[i * w + k] * N[k * w + j]; ?| T a1 = M[i * w + k]; T b1 = N[k * w + j]; sum += a1 * b1; ?| sum +=
                M[?(k * w + i ?| i * w + k ?)] * ?(N ?| M ?)[?(j * w + k ?| k * w + j ?)]; ?) }
            P[i * w + j] = ?(sum ?| sum * a ?| sum + P[i * w + j] ?);
        }""",
        stems="matrixMulOnHost matmul_square square_gemm multiply gram_matrix matrixSquare mmul",
        weight=2,
    ),
    "matvec": Template(
        params="A:in[m*n] x:in[n] y:io[m] b:in[m] m:side n:side alpha:scalar",
        body="""
        par i 0 m {
            ?(?(T sum = 0; ?| T sum = #0; ?| T sum = b[i]; ?)
            seq j 0 n { sum ?(+= ?| += ?| -= ?) A[?(i * n + j ?| i * n + j ?| j * m + i ?)] * x[j]; }
            y[i] ?(= sum ?| += sum ?| = alpha * sum ?| = alpha * sum + y[i] ?| = sum - b[i] ?);
            ?| y[i] = 0; seq j 0 n { y[i] += A[i * n + j] * x[j]; }
            ?| const T *row = A + i * n; T dot = 0; any j 0 n { dot += row[j] * x[j]; } y[i] = dot; ?)
        }""",
        stems="matvec gemv vectorMatrixMult mat_vec mv_product spmv_dense matrixVector dgemv apply_matrix",
        weight=1.8,
    ),
    "row_sums": Template(
        params="mat:in[m*n] out:io[m] arg:out[m]{int} m:side n:side a:scalar",
        body="""
        par i 0 m {
            ?(T sum = ?(0 ?| #0 ?); ?(any j 0 n { ?(sum += mat[ROW]; ?| T v = mat[ROW]; sum += v * v; ?| sum += @sq(mat[ROW] - a); ?|
                if ( @B(mat[ROW], a) ) { sum += mat[ROW]; } ?| sum += @abs(mat[ROW]); ?) }
            ?| seq j 0 n { ?(sum += mat[COL]; ?| T v = mat[COL]; sum += v * v; ?| if ( mat[COL] > a ) { sum += 1; } ?) } ?)
            out[i] = ?(sum ?| sum / n ?| sum * a ?| sum / (n + 1) ?);
            ?| out[i] = ?(0 ?| #0 ?); seq j 0 n { out[i] += mat[?(i * n + j ?| j * m + i ?)]; } ?(out[i] /= n; ?| out[i] = out[i] / n;
                ?| out[i] *= a; ?| ?)
            ?| T best = mat[i * n]; int where = 0; seq j 1 n { if ( ?(mat[ROW] > best ?| mat[ROW] < best ?) ) { best = mat[ROW]; where
                = j; } } ?(arg[i] = where; ?| out[i] = best; ?| arg[i] = where; out[i] = best; ?)
            ?| T best = mat[ROW0]; seq j 1 n { best = ?(@max(best, mat[ROW]) ?| @min(best, mat[ROW]) ?| mat[ROW] > best ? mat[ROW] :
                best ?); } out[i] = best;
            ?| T s1 = 0; T s2 = 0; seq j 0 n { s1 += mat[ROW]; s2 += mat[ROW] * mat[ROW]; } out[i] = ?(s2 - s1 * s1 / n ?| s2 / n - (s1
                / n) * (s1 / n) ?| s1 + a * s2 ?); ?)
        }""".replace("ROW0", "i * n")
        .replace("ROW", "i * n + j")
        .replace("COL", "j * m + i"),
        stems="rowSum row_mean colSum avg_rows getMeanImage rowSumSquare row_max argmax row_norm column_mean sum_rows "
        "mean_rows variance_rows",
        weight=3,
    ),
    "row_normalise": Template(
        kind="real",
        params="mat:io[m*n] out:out[m] m:side n:side a:real(1|2)",
        body="""
        par i 0 m {
            T total = 0; ?(T peak = 0; ?| ?)
            seq j 0 n { total += ?(@fabs(mat[i * n + j]) ?| mat[i * n + j] * mat[i * n + j] ?| @exp(mat[i * n + j]) ?| mat[i * n + j]
                ?); }
            ?(total = ?(@sqrt(total * total + a) ?| @fabs(total) + a ?| total / n ?); ?| total += a; ?| out[i] = total; ?)
            seq k 0 n { ?(mat[i * n + k] ?(/= @fabs(total) + 1 ?| -= total ?| = mat[i * n + k] / (@fabs(total) + a) ?| *= total ?);
                ?| if ( ?(i == k ?| k % 2 == 0 ?| mat[i * n + k] > 0 ?) ) { mat[i * n + k] = ?(total ?| 1 ?| total + a ?); } else {
                    mat[i * n + k] ?(= 0 ?| -= total ?| *= a ?); } ?) }
        }""",
        stems="normalize_rows l2_normalise row_normalise distance_final center_rows standardise stochastic_matrix",
        weight=1.4,
    ),
    "column_passes": Template(
        kind="real",
        params="input:in[n*size] binary:out[n*size] mean:out[size] n:side size:side",
        body="""
        par s 0 size {
            T mean0 = 0;
            seq i 0 n { mean0 += ?(@fabs(input[i * size + s]) ?| input[i * size + s] ?| @sq(input[i * size + s]) ?); }
            mean0 = mean0 / n; ?(mean[s] = mean0; ?| ?)
            ?(seq k 0 n { binary[k * size + s] = ?((input[k * size + s] > 0) ? mean0 : -mean0 ?| input[k * size + s] - mean0 ?| input[k
                * size + s] > mean0 ? 1 : 0 ?| @fabs(input[k * size + s]) * mean0 ?); } ?| binary[s] = mean0; ?)
        }""",
        stems="binarize_weights binarize_input centre_columns column_normalise subtract_mean demean",
        weight=1,
    ),
    "transpose_any": Template(
        kind="any",
        params="a:in[rows*cols] out:out[rows*cols] rows:side cols:side s:scalar",
        body="""
        par i 0 rows, j 0 cols {
            ?(out[j * rows + i] = ?(a[i * cols + j] ?| a[i * cols + j] ?| @E(a[i * cols + j], s) ?);
            ?| int from = i * cols + j; int to = j * rows + i; out[to] = a[from];
            ?| unsigned int pos = j * rows + i; out[pos] = a[i * cols + j]; ?)
        }""",
        stems="transpose matrixTranspose transpose2d trans_mat matTrans transposeMatrix transpose_naive",
        weight=2,
    ),
    "triangle": Template(
        params="x:in[n] A:io[n*n] s:scalar n:side",
        body="""
        ?(par i 0 n { any j i?(?| +1 ?) n { A[?(i * n + j ?| j * n + i ?| i * n + j ?)] ?(= ?| += ?) ?(x[i] * x[j] ?| x[i] - x[j] ?| s
            ?| @E(x[i], x[j], s) ?); } }
        ?| par i 0 n { any j 0 i { ?(A[i * n + j] = ?(0 ?| x[i] * x[j] ?| A[j * n + i] ?); ?| A[i * n + j] ?(= 0 ?| -= x[j] ?| *= s ?);
            ?) } }
        ?| par i 0 n { any j 0 i+1 { A[i * n + j] ?(= ?| += ?) ?(x[j] * s ?| x[i] * x[j] ?| @E(x[i], x[j]) ?); } }
        ?| par i 0 n, j 0 n { if ( ?(i < j ?| j > i ?| i == j ?| i != j ?| j >= i ?) ) { A[i * n + j] = ?(0 ?| s ?| x[i] * x[j] ?); }
            ?(?| else { A[i * n + j] = ?(x[i] ?| 1 ?| @E(x[j], s) ?); } ?) } ?)""",
        stems="lower_triangle outer_upper zero_upper syrk tril triu self_distance gram_upper set_triangle MMDSelf",
        weight=1.5,
    ),
    "solve_each": Template(
        kind="real",
        params="lower:in[dim*dim] b:in[n*dim] buf:io[n*dim] dim:small n:side",
        body="""
        par k 0 n {
            seq i 0 dim {
                T val = b[k * dim + i];
                seq j 0 i { val ?(-= ?| += ?) lower[?(i * dim + j ?| j * dim + i ?)] * ?(buf ?| buf ?| b ?)[k * dim + j]; }
                buf[k * dim + i] = ?(val / lower[i * dim + i] ?| val ?| val * #0.5 ?| val / (1 + @fabs(lower[i * dim + i])) ?);
            }
        }""",
        stems="solve_lower forward_substitution solveLower triangular_solve back_sub mahalanobis apply_lower",
        weight=0.8,
    ),
    "dots": Template(
        params="a:in[n*d] b:in[n*d] out:out[n] n:mid d:side s:scalar",
        body="""
        par i 0 n {
            T acc = ?(0 ?| #0 ?);
            seq k 0 d { ?(T diff = a[i * d + k] - b[?(i * d + k ?| k ?)]; acc += ?(diff * diff ?| @abs(diff) ?); ?| acc += a[i * d + k]
                * b[i * d + k]; ?| acc += a[i * d + k] ?(* ?| - ?| + ?) b[?(k ?| i * d + k ?)]; ?) }
            out[i] = ?(acc ?| acc * s ?| @E(acc, s) ?);
        }""",
        stems="batch_dot row_dot squared_distance dist_to_mean l2_rows pair_distance cosine_part dot_rows",
        weight=1.3,
    ),
    "sparse_rows": Template(
        kind="real",
        params="cols:in[n*nz]{int}<n vals:in[n*nz] x:in[n] y:io[n] n:mid nz:small a:scalar",
        body="""
        par row 0 n {
            T sum = ?(0 ?| #0 ?| y[row] ?);
            seq j 0 nz { ?(int at = ?(row * nz + j ?| j * n + row ?); ?(int c = cols[at]; sum += vals[at] * x[c]; ?| sum += vals[at] *
                x[cols[at]]; ?| if ( cols[at] != row ) { sum += vals[at] * x[cols[at]]; } ?) ?| sum += vals[row * nz + j] * x[cols[row
                    * nz + j]]; ?) }
            y[row] = ?(sum ?| a * sum ?| y[row] + a * sum ?| x[row] - sum ?);
        }""",
        stems="spmv_ell ell_multiply sparse_matvec neighbour_sum graph_aggregate jacobi_sparse",
        weight=1,
    ),
    "batched": Template(
        params="a:in[batch*n] out:io[batch*n] batch:small n:side s:scalar",
        body="""
        par b1 0 batch, i 0 n {
            ?(int index = ?(b1 * n + i ?| i + b1 * n ?); out[index] ?(= ?| += ?) @E(a[index], s); ?| out[b1 * n + i] ?(= ?| += ?| *= ?)
                ?(a[b1 * n + i] ?| s ?| @E(a[b1 * n + i], s) ?| a[b1 * n + n - 1 - i] ?); ?| T v = a[b1 * n + i]; out[b1 * n + i] = v
                    ?(> s ? v : s ?| * v ?| + s ?| - a[b1 * n] ?); ?)
        }""",
        stems="batch_add batched_scale set_batch add_each batch_update tile_add fill_batch",
        weight=1.2,
    ),
    "concatenate": Template(
        params="NX:small X:?(in ?| io ?)[NX*B] NY:small Y:io[NY*B] B:side OUT:io[(NX+NY)*B]",
        body="""
        par j 0 B {
            ?(any i 0 NX { OUT[j * (NX + NY) + i] = X[j * NX + i]; }
            any k 0 NY { OUT[j * (NX + NY) + NX + k] ?(= ?| += ?) Y[j * NY + k]; }
            ?| any i 0 NX+NY { if ( i < NX ) { OUT[j * (NX + NY) + i] = X[j * NX + i]; } else { OUT[j * (NX + NY) + i] = Y[j * NY + i -
                NX]; } }
            ?| any k 0 NY { Y[j * NY + k] ?(+= ?| = ?) OUT[j * (NX + NY) + NX + k]; }
            ?| int base = j * (NX + NY); any i 0 NX { OUT[base + i] ?(= ?| += ?) X[j * NX + i]; } any k 0 NY { OUT[base + NX + k] = Y[j
                * NY + k]; } ?)
        }""",
        stems="inter concat_rows deinter merge_features join_columns split_rows interleave_blocks",
        weight=0.9,
    ),
}
