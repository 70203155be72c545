"""Element by element.

Arithmetic on one to four arrays, constants and index functions, thresholds, records of several fields, strides, gathers.
"""

from __future__ import annotations

from hpcraft.data.grammar_text import Template

TEMPLATES: dict[str, Template] = {
    "map_any": Template(
        kind="any",
        params="x:in[n] y:in[n] z:in[n] out:?(out ?| io ?)[n] a:scalar n:size",
        body="""
        par i 0 n {
            out[i] = @E(?(x[i] ?| x[i], y[i] ?| x[i], y[i] ?| x[i], a ?| x[i], y[i], z[i] ?| x[i], y[i], a ?| a, x[i] ?));
        }""",
        stems="add sum vecAdd vec_add vectorAdd multiply subtract sumArrays add_arrays mul diff combine vadd elementwise",
        weight=5,
    ),
    "map_update": Template(
        params="x:io[n] y:in[n] z:in[n] a:scalar b:real n:size",
        body="""
        par i 0 n {
            x[i] ?(= ?| = ?| += ?| -= ?| += ?) @E(?(x[i], a ?| x[i], y[i] ?| y[i], a ?| y[i], z[i] ?| x[i], y[i], a ?| a ?));
        }""",
        stems="axpy saxpy daxpy scal scale update increment add_inplace mulInplace addTo accumulate fma shift",
        weight=4,
    ),
    "map_real": Template(
        kind="real",
        params="x:in[n] y:in[n] out:?(out ?| io ?)[n] a:scalar b:scalar n:size",
        body="""
        par i 0 n {
            out[i] = ?(@sqrt(x[i] * x[i] + y[i] * y[i]) ?| @exp(?( ?| - ?)x[i]) ?| #1 / (#1 + @exp(-x[i])) ?| @tanh(x[i]) ?|
                @sqrt(@fabs(x[i]))
                ?| x[i] / y[i] ?| a * x[i] + b ?| a / x[i] ?| @sq(x[i]) ?| @sq(x[i] - y[i]) ?| @fabs(x[i] - y[i]) ?| x[i] * x[i] * x[i]
                ?| @max(x[i], y[i]) ?| @min(@max(x[i], #0), #1) ?| @log(@fabs(x[i]) + #1) ?| @pow(@fabs(x[i]), a)?| (x[i] - a) / b ?|
                    #1 - x[i] ?);
        }""",
        stems="sigmoid expv sqrtv square abs_diff normalise magnitude divide inverse activation distance vec_div log_map power",
        weight=4,
    ),
    "map_locals": Template(
        kind="real",
        params="x:in[n] y:in[n] p:?(in ?| io ?)[n] out:out[n] out2:out[n] a:scalar b:scalar n:size",
        body="""
        par i 0 n {
            T u = ?(x[i] ?| @E(x[i], a) ?| @E(x[i], y[i]) ?| y[i] ?);
            T v = ?(y[i] ?| @E(y[i], b) ?| u * u ?| @E(u, a) ?);
            ?(T r = @E(u, v); ?| ?)
            out[i] = @E(u, v ?( ?| , a ?| , x[i] ?));
            ?( out2[i] = @E(u, v, b); ?| out2[i] = u ?(- ?| + ?| * ?) v; ?| ?)
        }""",
        stems="step compute_delta loss_grad update_params cost energy transform rotate project derive error_terms l2 logistic",
        weight=3,
    ),
    "fill_any": Template(
        kind="any",
        params="out:out[n] y:out[n] z:out[n] a:scalar n:size",
        body="""
        par i 0 n {
            out[i] = ?(0 ?| #1 ?| a ?| a ?| #0.5 ?| -1 ?);
            ?(?| ?| y[i] = ?(0 ?| a ?| -1 ?); ?(?| z[i] = ?(0 ?| #1 ?);?)?)
        }""",
        stems="fill memset set_zero clear init reset zero_out set_value initialise setAll clearArray zeros set_const",
        weight=2.5,
    ),
    "fill_index": Template(
        params="out:out[n] a:int(1|2|3|5) m:small n:size",
        body="""
        par i 0 n {
            out[i] = ?(i ?| i * a ?| i % m ?| i / m ?| (T)i ?| n - 1 - i ?| i + a ?| (T)(i * a) ?| (i * a) % m ?| (m + ((i - n / 2 + a)
                % m)) % m
                ?| i % 2 == 0 ? a : -a ?| i * i % m ?| (i + 1) * (T)a ?);
        }""",
        stems="iota fill_idx setLabels resetIndices set_index arange init_ids enumerate set_offsets ramp linspace",
        weight=2,
    ),
    "copy_any": Template(
        kind="any",
        params="dst:out[n] src:in[n] n:size",
        body="""
        par i 0 n {
            dst[i] = ?(src[i] ?| src[n - 1 - i] ?| (T)src[i] ?| src[n - i - 1] ?| - src[i] ?| !src[i] ?);
        }""",
        stems="memcpy copy_list reverse init_from duplicate clone flip copyArray negate invert",
        weight=1.5,
    ),
    "cast": Template(
        kind="byte",
        params="out:out[n] src:in[n]{float} bytes:in[n] res:out[n]{?(float ?| double ?| int ?)} n:size total:int(1|3) s:int(1|2)",
        body="""
        par i 0 n {
            ?(res[i] = ?((float)bytes[i] ?| (float)(bytes[i] / #255.0) ?| bytes[i] / 255.0f ?| (double)bytes[i] * 0.5 ?| (int)bytes[i]
                + s ?);
            ?| out[i] = (T)(?(src[i] * src[i] * 7 ?| 10 * (src[i] + 3) ?| fabsf(src[i]) * 20.0f + 0.5f ?| 16.0 * fabs(src[i]) ?));
            ?| float v = src[i] * ?(16.0f ?| 20 ?| 8.5f ?);
            ?(if ( v < 0 ) {
                v = 0;
            } else if ( v > ?(15 ?| 20.0f ?| 30.f ?) ) {
                v = 15;
            } ?| if ( v < 0.0f ) {
               v = -v;
            } ?)
            out[i] = (T)v; ?)
        }""",
        stems="cast convert to_float toUchar castImage quantise dequantise convertType clamp_cast bytes_to_float",
        weight=1.6,
    ),
    "threshold": Template(
        params="x:?(in ?| io ?)[n] out:?(out ?| io ?)[n] mask:out[n]{int} a:scalar b:scalar n:size",
        body="""
        par i 0 n {
            ?(out[i] = ?(@B(x[i], a) ? x[i] : 0 ?| @B(x[i]) ? #1 : #0 ?| (@B(x[i])) ? 1 : -1 ?| @B(x[i], a) ? @E(x[i], b) : @E(x[i]) ?|
                x[i] > a ? a : x[i] ?| @max(x[i], a) ?| @min(b, @max(a, x[i])) ?);
            ?| if ( @B(x[i], a) ) {
                out[i] = ?(1 ?| x[i] ?| @E(x[i], b) ?| i ?);
            } ?(else { ?| else { ?| else if ( @B(x[i], b) ) {
                out[i] = ?(b ?| 0 ?);
            } else { ?)
                out[i] = ?(0 ?| -1 ?| @E(x[i]) ?);
            }
            ?| if ( @B(x[i], a) ) {
                out[i] = ?(0 ?| a ?| @E(out[i], x[i]) ?);
            }
            ?| mask[i] = ?( ( @B(x[i], a) ) ?| @B(x[i], a) ? 1 : 0 ?| (0 < x[i]) - (x[i] < 0) ?| ( x[i] > a && x[i] < b ) ?);
            ?| T v = x[i];
            ?(if ( v > a ) {
                v = a;
            }?| ?)
            if ( @B(v, b) ) {
                v = ?(0 ?| b ?| @E(v) ?);
            }
            out[i] = v;
            ?| int keep = @B(x[i], a);
            ?(mask[i] = keep; ?| ?)
            if ( ?(!keep ?| keep ?) ) {
                out[i] = 0;
            } ?)
        }""",
        stems="threshold relu clip clamp_values binarise sign_of mask_out relu_forward compareToThreshold cutoff suppress "
        "filter_scores get_inds",
        weight=4,
    ),
    "two_masks": Template(
        params="x:in[n] y:in[n] out:io[n] res:out[n] flags:in[n]{int}<k k:small a:scalar b:scalar n:size",
        body="""
        par i 0 n {
            ?(if ( ?(flags[i] ?| flags[i] == 1 ?| flags[i] != 0 ?| flags[i] >= 0 && x[i] > a ?| !(flags[i]) ?| @B(x[i], a) && @B(y[i],
                b) ?| @B(x[i], a) || @B(y[i], b) ?) ) {
                out[i] = @E(?(x[i] ?| x[i], a ?| out[i], x[i] ?));
                ?(res[i] = @E(x[i], y[i]); ?| ?)
            } ?(else {
                ?(out[i] = ?(0 ?| y[i] ?| @E(y[i], b) ?); ?| res[i] = 0; ?)
            } ?| ?)
            ?| out[i] = ?(flags[i] ? x[i] : y[i] ?| (flags[i] == 1) ? @E(x[i], a) : 0 ?| flags[i] > 0 ? x[i] : out[i] ?);
            ?| if ( flags[i] == 0 ) {
                continue;
            }
            out[i] = @E(x[i], y[i]);
            ?( res[i] = @E(x[i], a); ?| ?) ?)
        }""",
        stems="mask_fill select_where apply_mask conditional_update update_if choose where_op update_clusters isFirst",
        weight=2.5,
    ),
    "records": Template(
        params="src:in[n*4] out:out[n*4] score:in[n] score_out:out[n] scale0:scalar scale1:scalar thr:scalar n:size",
        body="""
        par i 0 n {
            ?(if ( score[i] < thr ) {
                score_out[i] = 0;
                out[i * 4 ?(+ 0 ?| ?)] = ?(-1 ?| 0 ?);
                out[i * 4 + 1] = ?(-1 ?| 0 ?);
                out[i * 4 + 2] = ?(-1 ?| 0 ?);
                out[i * 4 + 3] = -1;
            } else {
                score_out[i] = score[i];
                out[i * 4] = src[i * 4];
                out[i * 4 + 1] = src[i * 4 + 1];
                out[i * 4 + 2] = src[i * 4 + 2];
                out[i * 4 + 3] = src[i * 4 + 3];
            }
            ?| out[i * 4] = @E(src[i * 4], scale0);
            out[i * 4 + 1] = @E(src[i * 4 + 1], scale1);
            ?(out[i * 4 + 2] = @E(src[i * 4 + 2], scale0);
            out[i * 4 + 3] = @E(src[i * 4 + 3], scale1); ?| ?)
            ?| out[4 * i] = src[4 * i] ?(- ?| + ?) src[4 * i + 2] ?(?| / 2 ?);
            out[4 * i + 1] = src[4 * i + 1] ?(- ?| + ?) src[4 * i + 3] ?(?| / 2 ?);
            out[4 * i + 2] = src[4 * i ?(+ 2 ?| ?)] ?(+ ?| - ?) @E(src[4 * i + 2], scale0);
            out[4 * i + 3] = src[4 * i + 1] + src[4 * i + 3];
            ?| if ( ?(src[i * 4] != 0 ?| @B(src[i * 4], thr) ?| score[i] != 0 ?) ) {
                out[i * 4] = @E(src[i * 4]);
                ?( out[i * 4 + 3] = 0; ?| ?)
            } ?)
        }""",
        stems="boxes_scale box_transform returnResult decode_boxes expandBoxes scaleBoxes filterBoxes corner_to_center",
        weight=1.6,
    ),
    "pairs_of": Template(
        kind="real",
        params="src:in[2*n] other:in[2*n] out:out[2*n] out1:out[n] a:scalar n:size",
        body="""
        par i 0 n {
            ?(int re = 2 * i; int im = ?(re + 1 ?| 2 * i + 1 ?); ?| int re = i * 2; int im = i * 2 + 1; ?)
            ?(out1[i] = ?( (src[re] * src[re]) + (src[im] * src[im]) ?| @sqrt(src[re] * src[re] + src[im] * src[im]) ?| src[re] *
                other[im] - src[im] * other[re] ?);
            ?| out[re] = (src[re] * other[re]) - (src[im] * other[im]);
            out[im] = (src[re] * other[im]) + (src[im] * other[re]);
            ?| T x = src[re]; T y = src[im];
            out[re] = @E(x, a); out[im] = @E(y, ?(x ?| a ?));
            ?| T x = src[re]; T y = src[im];
            out1[i] = @E(x, y); ?)
        }""",
        stems="complex_mul power_spectrum magnitude2 cmul conj_mul smallCorrelation complexMultiply pairwise phase rotate2",
        weight=1.5,
    ),
    "strided_darknet": Template(
        kind="num",
        params="N:size ALPHA:scalar X:io[N*INCX] INCX:small Y:io[N*INCY] INCY:small",
        body="""
        par i 0 N {
            ?(Y[i * INCY] = ?(X[i * INCX] ?| ALPHA * X[i * INCX] ?| @E(X[i * INCX], ALPHA) ?| Y[i * INCY] * X[i * INCX] ?| @max(X[i *
                INCX], ALPHA) ?| X[i * INCX] > ALPHA ? X[i * INCX] : 0 ?);
            ?| Y[i * INCY] ?(+= ?| *= ?| -= ?) ?(X[i * INCX] ?| ALPHA * X[i * INCX] ?| ALPHA ?);
            ?| T val = X[i * INCX];
            Y[i * INCY] = ?(@B(val, ALPHA) ? val : 0 ?| @E(val, ALPHA) ?| val * val ?);
            ?| if ( @B(Y[i * INCY], ALPHA) ) {
                Y[i * INCY] = ?(ALPHA ?| 0 ?| X[i * INCX] ?);
            }
            ?| T tmp = X[i * INCX];
            X[i * INCX] = Y[i * INCY];
            Y[i * INCY] = tmp; ?)
        }""",
        stems="axpy copy_strided scal mul constrain supp mask_strided pow_cpu const_fill add_strided swap_strided clip fill_strided",
        weight=3.5,
    ),
    "gather_scatter": Template(
        params="src:in[m] idx:in[n]{int}<m dst:?(out ?| io ?)[n] flags:out[m]{int} a:scalar m:mid n:size",
        body="""
        par i 0 n {
            ?(dst[i] = src[idx[i]] ?(?| * a ?| + dst[i] ?);
            ?| int k = idx[i];
            dst[i] = @E(src[k] ?(?| , a ?| , dst[i] ?));
            ?| atomic flags[idx[i]] = 1;
            ?| int k = idx[i]; if ( ?(k >= 0 && k < m ?| k != ?(0 ?| 1 ?) ?| src[k] > a ?) ) {
                dst[i] = ?(src[k] ?| @E(src[k], a) ?);
            } ?(?| else {
                dst[i] = 0;
            } ?)
            ?| dst[i] = ?(idx[i] > 0 ? src[idx[i] - 1] : 0 ?| src[idx[i]] - src[0] ?| idx[i] + 1 < m ? src[idx[i] + 1] : src[idx[i]]
                ?); ?)
        }""",
        stems="gather lookup permute record sample take index_select updateHead mark_used remap table_lookup extract",
        weight=2.5,
    ),
    "gather_rows": Template(
        params="ids:in[n]{int}<m table:in[m*d] out:io[n*d] n:mid m:small d:small off:int(0|1)",
        body="""
        ?(par t 0 n*d {
            const int row = ids[t / d];
            const int pos = t % d;
            ?(if ( row < m + off && row >= off ) {
                out[t] = table[?((row - off) * d + pos ?| row * d - off * d + pos ?)];
            } ?| out[t] = table[row * d + pos]; ?| out[t] += table[row * d + pos]; ?)
        } ?| par i 0 n, j 0 d {
            ?(int k = ids[i]; out[i * d + j] = table[k * d + j];
            ?| out[i * d + j] = table[ids[i] * d + j]; ?| if ( ids[i] >= off ) {
               out[i * d + j] = table[ids[i] * d + j];
            } ?)
        } ?)""",
        stems="gather_rows embedding_lookup expand Gather embed select_rows take_rows batch_gather",
        weight=1.3,
    ),
    "shape_index": Template(
        params="src:in[n] out:out[n*k] back:out[n] k:small n:mid a:scalar",
        body="""
        ?(par t 0 n*k {
            int q = t / k;
            ?(out[t] = src[q]; ?| out[t] = @E(src[q], a); ?| int r = t % k; out[t] = src[q] ?(* ?| + ?) r; ?)
        } ?| par i 0 n {
            ?(any j 0 k {
                out[?(i * k + j ?| j * n + i ?)] = ?(src[i] ?| i ?| j ?| @E(src[i], a) ?);
            } ?| T s = 0;
            seq j 0 k {
                s += src[(i + j) % n];
            }
            back[i] = s; ?)
        } ?)""",
        stems="expand repeat tile_rows broadcast expandScore setIndex replicate spread upsample1d",
        weight=1.5,
    ),
}
