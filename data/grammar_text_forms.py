"""Forms of statements that run across fields.

Ranges between two parameters, periodic and mirrored places, pointers that may be absent, values set by parity, points moved by
    matrices, windows cut
at the borders, channels by row and column.
"""

from __future__ import annotations

from hpcraft.data.grammar_text import Template

TEMPLATES: dict[str, Template] = {
    "range_between": Template(
        params="x:in[end] y:?(out ?| io ?)[end] a:scalar start:int(0|1|2) end:int(3|7|33|64|100|257)",
        body="""
        par i start end { y[i] ?(= ?| += ?| = ?) @E(x[i] ?(?| , a ?)); ?(?| ?| if ( @B(y[i], a) ) { y[i] = ?(0 ?| a ?); } ?) }""",
        stems="process_range partial_update apply_range worker slice_add run_chunk range_map",
        weight=1,
    ),
    "periodic": Template(
        params="g:in[k*k] w:in[k] data:io[n] out:out[n] k:small n:size",
        body="""
        par i 0 n { ?(data[i] = ?(g[i % (k * k)] * data[i] ?| data[i] + w[i % k] ?| w[i % k] - data[i] ?| @E(data[i], g[i % (k * k)])
            ?); ?| int at = i % k; out[i] = ?(w[at] * data[i] ?| @E(w[at], data[i]) ?| at == 0 ? data[i] : w[at] ?);
            ?| out[i] = ?(data[(i + 1) % n] ?| data[(i + k) % n] + data[i] ?| (data[i] + data[(i + 1) % n] + data[(i + 2) % n]) / 3 ?|
                data[i / k] ?| data[(i + n - 1) % n] - data[i] ?);
            ?| int i1 = (i + 1) % n; int i2 = (i + 2) % n; float s1 = (data[i] + data[i1] + data[i2]) / ?(3.0f ?| 3 ?| 2.f ?); out[i] =
                ?(s1 ?| (s1 + w[i % k]) / 2 ?| s1 * s1 ?); ?) }""",
        stems="gaussianPass tile_multiply modulo_filter repeat_pattern ring_average periodic_weights wrap_add",
        weight=1.3,
    ),
    "reverse_in_place": Template(
        kind="any",
        params="a:io[n] b:io[n] n:size",
        body="""
        ?(par i 0 n/2 { ?(int other = n - 1 - i; T temp = a[i]; a[i] = a[other]; a[other] = temp; ?| T temp = a[n - i - 1]; a[n - i -
            1] = a[i]; a[i] = temp; ?) }
        ?| par i 0 n { T temp = a[i]; ?(a[i] = b[i]; b[i] = temp; ?| a[i] = b[n - 1 - i]; b[n - 1 - i] = temp; ?) } ?)""",
        stems="reverse_array flip_in_place exchange mirror swap_halves flipKernel swap_arrays reverse_buffer",
        weight=0.9,
    ),
    "flip_square": Template(
        kind="any",
        params="a:io[w*w] w:side",
        body="""
        par i 0 w*w/2 { int other = (w - 1 - i / w) * w + ?((w - 1 - i % w) ?| w - 1 - i % w ?); T temp = a[i]; a[i] = a[other];
            a[other] = temp; }""",
        stems="rotate180 flip_square point_mirror turn_kernel flip_filter",
        weight=0.4,
    ),
    "maybe_absent": Template(
        params="x:io[n] y:in[n] out:io[n] s:in[n] a:scalar n:size",
        body="""
        par i 0 n { ?(if ( x ) { x[i] ?(+= ?| = ?) @E(y[i], a); } ?(if ( out ) { out[i] ?(+= ?| = ?) y[i]; } ?| ?) ?| out[i] = s[i] *
            y[i] + (1 - s[i]) * (x ? x[i] : 0); ?| out[i] ?(= ?| += ?) (x ? x[i] : ?(a ?| 0 ?)) ?(?| * y[i] ?| + y[i] ?); ?) }""",
        stems="weighted_sum weighted_delta optional_add add_if_given split_add masked_blend",
        weight=0.8,
    ),
    "by_parity": Template(
        params="x:in[n] out:io[n] a:scalar b:scalar k:small n:size",
        body="""
        par i 0 n { ?(T ia = 0; T ib = ?(0 ?| 0 ?| a ?); if ( ?(i % 2 == 0 ?| i % 2 ?| (i & 1) == 0 ?| i % k == 0 ?| (i / 32) % 2 == 0
            ?) ) { ia = ?(#100 ?| a ?| x[i] ?| @E(x[i], a) ?); } else { ib = ?(#200 ?| b ?| @E(x[i], b) ?); } out[i] = ?(ia + ib ?| ia
                - ib ?| @E(ia, ib) ?);
            ?| if ( ?(i % 2 == 0 ?| i % k == 0 ?| i < n / 2 ?| i > 0 ?| i & 1 ?) ) { out[i] = @E(x[i], a); } else { out[i] = ?(@E(x[i],
                b) ?| out[i] + b ?| x[i] ?); } ?| out[i] = ?(i % k == 0 ? a : x[i] ?| i & 1 ? x[i] : -x[i] ?| (i < k) ? x[i] : b ?| i
                    == 0 ? a : x[i - 1] ?); ?) }""",
        stems="mathKernel even_odd alternate_update checker branchy warp_branch divergence_test odd_even",
        weight=1.5,
    ),
    "absolute_locals": Template(
        kind="real",
        params="d_in:in[n] d_out:out[n]{int} real_out:out[n] threshold:scalar length_k:small n:size",
        body="""
        par i 0 n { T v = ?(d_in[i] > 0 ? d_in[i] : -d_in[i] ?| @fabs(d_in[i]) ?| d_in[i] * d_in[i] ?); ?(d_out[i] = ?((v < threshold)
            ?| v > threshold ?| v < threshold ? 1 : 0 ?); ?| if ( v < threshold ) { d_out[i] = ?(1 ?| i ?); } else { d_out[i] = ?(0 ?|
                -1 ?); } ?| real_out[i] = v < threshold ? ?(0 ?| v ?) : ?(v ?| #1 ?| d_in[i] ?); ?| d_out[i] = (int)(v * ?(#10 ?|
                    length_k ?| 100 ?)); ?| real_out[i] = (int)(d_in[i] + ?(#0.5 ?| v ?)); ?) }""",
        stems="compare_threshold within_tolerance flag_small quantise_abs round_off soft_threshold shrink",
        weight=1.2,
    ),
    "increment_then_check": Template(
        params="x:io[n*inc] inc:small s:scalar lo:scalar y:in[n*inc] n:size",
        body="""
        par i 0 n { x[i * inc] ?(+= ?| -= ?| *= ?) ?(s ?| y[i * inc] ?| s * y[i * inc] ?); if ( ?(x[i * inc] == lo ?| x[i * inc] < lo
            ?| x[i * inc] > lo ?) ) { x[i * inc] = ?(lo ?| 0 ?| s ?| lo + 1 ?); } }""",
        stems="add_and_clip offset_int8 add_saturated bump limit_add accumulate_checked",
        weight=0.9,
    ),
    "points_affine": Template(
        kind="real",
        params="rot:in[9] t:in[3] P:in[3*n] Q:out[3*n] n:mid",
        body="""
        par i 0 n { ?(T x = P[3 * i]; T y = P[3 * i + 1]; T z = P[3 * i + 2]; Q[3 * i] = rot[0] * x + rot[1] * y + rot[2] * z + t[0];
            Q[3 * i + 1] = rot[3] * x + rot[4] * y + rot[5] * z + t[1]; Q[3 * i + 2] = rot[6] * x + rot[7] * y + rot[8] * z ?(+ t[2] ?|
                ?);
            ?| Q[0 + i * 3] = rot[0 + 0 * 3] * P[0 + i * 3] + rot[0 + 1 * 3] * P[1 + i * 3] + t[0]; Q[1 + i * 3] = rot[1 + 0 * 3] * P[0
                + i * 3] + rot[1 + 1 * 3] * P[1 + i * 3] ?(+ t[1] ?| ?); Q[2 + i * 3] = ?(P[2 + i * 3] ?| P[2 + i * 3] + t[2] ?| 1 ?);
            ?| seq r 0 3 { T acc = t[r]; seq c 0 3 { acc += rot[?(r * 3 + c ?| r + c * 3 ?)] * P[3 * i + c]; } Q[3 * i + r] = acc; } ?)
                }""",
        stems="transform_points rotate_translate rigid_motion apply_pose project_points affine_points",
        weight=0.7,
    ),
    "clipped_windows": Template(
        kind="real",
        params="A:in[depth*size*size] ker:in[depth*ks*ks] B:out[outSize*outSize] size:int(3|5|8) depth:small ks:int(1|2|3) "
        "pad:int(0|1) outSize:int(2|3)",
        body="""
        par i 0 outSize, j 0 outSize {
            int k0 = ?((pad - i) < 0 ? 0 : pad - i ?| pad > i ? pad - i : 0 ?); int k1 = ks < (size + pad - i) ? ks : (size + pad - i);
            int l0 = (pad - j) < 0 ? 0 : pad - j; int l1 = ?(ks < (size + pad - j) ? ks : (size + pad - j) ?| size + pad - j < ks ?
                size + pad - j : ks ?);
            T sum = ?(0 ?| #0 ?);
            seq d 0 depth { seq k k0 k1 { seq l l0 l1 { sum += A[d * size * size + (i + k - pad) * size + j + l - pad] ?(* ker[d * ks *
                ks + k * ks + l] ?| ?); } } }
            B[i * outSize + j] = ?(sum ?| sum / (ks * ks) ?| @max(sum, #0) ?);
        }""",
        stems="conv_padded conv_same window_sum correlate_clipped local_average conv2",
        weight=0.6,
    ),
    "channel_rows": Template(
        kind="real",
        params="x:io[n*c] other:in[n*c] s:in[n] mu:in[c] out:out[n*c] n:side c:side a:scalar",
        body="""
        par i 0 n { ?(T scale = ?(s[i] ?| a * s[i] ?| #1 / (#1 + @fabs(s[i])) ?); ?| T scale = a; ?)
            any j 0 c { ?(x[i * c + j] ?(*= ?| += ?| -= ?) ?(scale ?| scale * mu[j] ?| scale * other[i * c + j] ?); ?| T v = x[i * c +
                j] - mu[j]; ?(if ( @B(v, a) ) { v = ?(0 ?| a ?); } ?| ?) out[i * c + j] = ?(v * scale ?| v ?| v / (scale * scale + 1)
                    ?); ?| out[i * c + j] = @E(x[i * c + j], mu[j], scale); ?) } }""",
        stems="scale_rows normalise_channels apply_row_scale subtract_means whiten modulate_rows gain_rows",
        weight=1.3,
    ),
    "named_constants": Template(
        kind="real",
        params="x:in[n] y:in[n] out:out[n] n:size",
        body="""
        ?(T k1 = #0.25; ?| const T k1 = #3; ?| T k1 = #0.5; ?| T k1 = #1 / #3; ?) ?(T k2 = ?(#2 * k1 ?| #1 - k1 ?| #0.1 ?); ?| T k2 =
            #2; ?)
        par i 0 n { ?(if ( ?(@B(x[i], k1) && @B(y[i], k1) ?| @B(x[i], k1) ?| x[i] < k1 || y[i] > k2 ?) ) { out[i] = ?(0 ?| k2 ?); }
            else { out[i] = @E(x[i], y[i], k2); } ?| out[i] = ?(k1 * x[i] + k2 * y[i] ?| @E(x[i], k1, y[i], k2) ?| x[i] > k1 ? y[i] *
                k2 : x[i] ?| #2 / #3 * x[i] / y[i] + #1 / #3 * k2 ?); ?) }""",
        stems="blend_fixed cutoff_product update_x weighted_pair fixed_weights create_p_vect damp",
        weight=1.2,
    ),
}
