"""Numerical codes.

Reductions, histograms, scans by row, filters of signals, particles and distances, iterations for each element, several loops in a row.
"""

from __future__ import annotations

from hpcraft.data.grammar_text import Template

TEMPLATES: dict[str, Template] = {
    "sum_return": Template(
        params="x:in[n] y:in[n] a:scalar n:size",
        result="T",
        body="""
        T sum = 0;
        par i 0 n reduce + sum { ?(sum += ?(x[i] ?| x[i] * y[i] ?| @sq(x[i] - y[i]) ?| x[i] * x[i] ?| @E(x[i], y[i], a) ?| @B(x[i], a)
            ? x[i] : 0 ?| @abs(x[i]) ?); ?| if ( @B(x[i], a) ) { sum += ?(1 ?| x[i] ?| y[i] ?); } ?| T d = x[i] - y[i]; sum += ?(d * d
                ?| d * a ?); ?| if ( @B(x[i]) ) { continue; } sum += ?(x[i] ?| y[i] ?); ?) }
        return ?(sum ?| sum ?| sum * a ?| sum / 2 ?);""",
        kind="num",
        stems="sum_array dot reduce norm2 total_energy count_if mean_of vector_sum inner loss_sum reduceSum accumulateCPU",
        weight=2,
    ),
    "sum_place": Template(
        params="x:in[n] y:in[n] out:host[1] a:scalar n:size",
        body="""
        T sum = 0;
        par i 0 n reduce + sum { sum += ?(x[i] ?| x[i] * y[i] ?| @E(x[i], y[i]) ?| @abs(x[i] - y[i]) ?| x[i] * a ?); }
        ?(out[0] ?| *out ?) = ?(sum ?| sum * a ?);""",
        stems="reduce_to dot_product sum_into total energy_of error_norm checksum",
        weight=1.2,
    ),
    "extreme_return": Template(
        params="x:in[n] n:size(1|2|7|33|64|101|257|1000)",
        result="T",
        body="""
        T best = x[0];
        ?(par i 1 n reduce max best { ?(if ( x[i] > best ) { best = x[i]; } ?| best = x[i] > best ? x[i] : best; ?| best = @max(best,
            x[i]); ?) }
        ?| par i 1 n reduce min best { ?(if ( x[i] < best ) { best = x[i]; } ?| best = x[i] < best ? x[i] : best; ?| best = @min(x[i],
            best); ?) } ?)
        return best;""",
        stems="find_max array_min maximum max_value min_element get_max largest peak_value",
        weight=1,
    ),
    "grid_sum": Template(
        params="x:in[r*c] t:in[r*c]{int}<k k:small(2|3) a:scalar r:side c:side",
        kind="real",
        result="T",
        body="""
        T total = 0;
        par i 0 r reduce + total { seq j 0 c { ?(total += ?(x[i * c + j] ?| x[i * c + j] * x[i * c + j] ?| x[i * c + j] * t[i * c + j]
            ?); ?| if ( t[i * c + j] == ?(1 ?| 0 ?) ) { total += ?(@log(@fabs(x[i * c + j]) + #0.1) ?| x[i * c + j] ?| @E(x[i * c + j],
                a) ?); ?(?| continue; ?) } ?) } }
        ?(total /= ?(r ?| -r ?| r * c ?| a ?); ?| ?)
        return total;""",
        stems="cross_entropy CEE frobenius matrix_sum masked_sum loss_total trace_all grid_energy",
        weight=1,
    ),
    "histogram": Template(
        kind="int",
        params="src:in[n]{?(int ?| unsigned char ?| unsigned int ?)}<m bins:io[m]{?(int ?| int ?| unsigned int ?)} "
        "m:int(2|9|16) wgt:in[n]{int} w:side n:size",
        body="""
        ?(par k 0 m { bins[k] = 0; } ?| ?)
        par i 0 n { ?(atomic bins[src[i]] += 1; ?| int c = src[i]; atomic bins[c] += ?(1 ?| wgt[i] ?); ?| atomic bins[src[i]] += ++; ?|
            if ( ?(src[i] > 0 ?| src[i] != 1 ?| wgt[i] >= 0 ?) ) { atomic bins[src[i]] += 1; } ?| unsigned int v = src[i]; atomic
                bins[v] += 1; ?| atomic bins[src[i] / 2] += wgt[i]; ?) }""",
        stems="histogram histo hist_cpu count_labels bucket_count bincount histogram_serial tally count_keys",
        weight=1.8,
    ),
    "histogram_2d": Template(
        kind="int",
        params="img:in[rows*cols]{unsigned char}<m hist:io[m]{unsigned int} m:int(4|16) rows:side cols:side",
        body="""
        par x 0 cols, y 0 rows { ?(int offset = ?(x + cols * y ?| y * cols + x ?); unsigned char value = img[offset]; atomic
            hist[value] += ?(1 ?| ++ ?); ?| atomic hist[img[y * cols + x]] += 1; ?| int offset = y * cols + x; if ( img[offset] > 0 ) {
                atomic hist[img[offset]] += 1; } ?) }""",
        stems="histogram_image grey_histogram histogramPrimitive pixel_counts histogram2d",
        weight=0.8,
    ),
    "scatter_add": Template(
        params="idx:in[n]{int}<m val:in[n] out:io[m] cnt:io[m]{int} m:int(1|3|10) n:size a:scalar",
        kind="real",
        body="""
        par i 0 n { int k = idx[i]; atomic out[k] += ?(val[i] ?| a * val[i] ?| val[i] * val[i] ?); ?(atomic cnt[k] += 1; ?| ?) }""",
        stems="scatter_add segment_sum accumulate_clusters sum_by_key assemble_forces add_to_bins",
        weight=0.7,
    ),
    "search": Template(
        kind="int",
        params="key:int keys:in[n]{int} pos:io[1]{int} found:out[n]{int} n:size",
        body="""
        par i 0 n { ?(found[i] = ?(keys[i] == key ?| keys[i] == key ? i : -1 ?| keys[i] > key ?); ?| if ( keys[i] == key ) { found[i] =
            ?(1 ?| i ?); } else { found[i] = ?(0 ?| -1 ?); } ?| if ( keys[i] == key ) { atomic pos[0] = 1; } ?| if ( ?(keys[i] >= key
                && i + 1 < n && key < keys[i + 1] ?| keys[i] == key ?) ) { found[i] = i; } ?) }""",
        stems="search find_key mark_equal searchPos linear_search lookup_key flag_matches",
        weight=0.8,
    ),
    "row_scan": Template(
        params="x:in[m*n] out:?(out ?| io ?)[m*n] m:side n:side a:scalar",
        body="""
        par i 0 m { ?(T run = ?(0 ?| a ?); seq j 0 n { ?(run += x[i * n + j]; out[i * n + j] = run; ?| out[i * n + j] = run; run += x[i
            * n + j]; ?| run = run / 2 + x[i * n + j]; out[i * n + j] = run; ?) }
            ?| out[i * n] = x[i * n]; seq j 1 n { out[i * n + j] = out[i * n + j - 1] + x[i * n + j]; } ?| T last = x[i * n]; seq j 1 n
                { T cur = x[i * n + j]; out[i * n + j] = ?(cur - last ?| cur + last ?); last = cur; } ?) }""",
        stems="row_scan prefix_rows cumsum cumulative running_sum ema_rows integral_rows",
        weight=1,
    ),
    "fir": Template(
        kind="real",
        params="I:in[n] Q:in[n] hr:in[taps] hi:in[taps] outI:out[n] outQ:out[n] n:size(1|5|33|100|257) taps:small",
        body="""
        par s 0 n {
            T sumI = ?(0 ?| #0 ?);
            ?(seq j s-taps+1 s+1 { int k = s - j; if ( ?((j < n) && (j >= 0) ?| j >= 0 ?| j >= 0 && j < n ?) ) { sumI += ?(I[j] * hr[k]
                ?| (I[j] * hr[k]) - (Q[j] * hi[k]) ?); } }
            ?| seq k 0 taps { ?(if ( s - k >= 0 ) { sumI += I[s - k] * hr[k]; } ?| int at = s + k; if ( at < n ) { sumI += I[at] *
                hr[k] ?(?| + Q[at] * hi[k] ?); } ?| int at = s - k; sumI += (at >= 0) ? I[at] * hr[k] : 0; ?) } ?)
            outI[s] = ?(sumI ?| sumI / taps ?| sumI * #0.5 ?);
        }""",
        stems="fir_filter complex_filter convolve1d runFilter moving_average apply_taps causal_filter correlate",
        weight=1.2,
    ),
    "chunks": Template(
        kind="real",
        params="x:in[n*k] out:out[n] I:in[n*k] n:mid k:side s:scalar",
        body="""
        par i 0 n { ?(int start = i * k; ?| int start = k * i; ?) T temp ?(= 0 ?| = #0 ?); seq j 0 k { temp += ?(x[start + j] ?|
            x[start + j] * I[start + j] ?| @fabs(x[start + j]) ?); } ?(temp = ?(s * temp ?| temp / k ?| temp * #0.001 ?); ?| temp /= k;
                ?| ?) out[i] = temp; }""",
        stems="sumAndScale chunk_mean block_sum average_chunks energy_per_frame segment_mean frame_sum",
        weight=1,
    ),
    "decimate": Template(
        params="I:in[n*f] Q:in[n*f] oI:out[n] oQ:out[n] n:mid f:small",
        body="""
        par i 0 n { ?(?(unsigned int ?| int ?) at = i * f; oI[i] = I[at]; ?(oQ[i] = Q[at]; ?| oQ[i] = @E(I[at], Q[at]); ?| ?) ?| oI[i]
            = ?(I[i * f] ?| I[f * i] + Q[f * i] ?| I[i * f + f - 1] ?); ?(oQ[i] = Q[i * f]; ?| ?) ?) }""",
        stems="downsample decimate subsample_iq take_every stride_copy pick_samples",
        weight=0.9,
    ),
    "distances": Template(
        kind="real",
        params="x:in[n] y:in[n] cx:in[k] cy:in[k] out:out[n*k] arg:out[n]{int} best:out[n] n:mid k:side s:real(0.5|1)",
        body="""
        ?(par i 0 n, j 0 k { T dx = x[i] - cx[j]; T dy = y[i] - cy[j]; out[?(i * k + j ?| j * n + i ?)] = ?(@sqrt(dx * dx + dy * dy) ?|
            dx * dx + dy * dy ?| @fabs(dx) + @fabs(dy) ?| #1 / (dx * dx + dy * dy + s) ?| @exp(-(dx * dx + dy * dy) / s) ?); }
        ?| par i 0 n { T low = ?(1e10 ?| 100000 ?| #1000 ?); int at = ?(0 ?| -1 ?); seq j 0 k { T d = ?((x[i] - cx[j]) * (x[i] - cx[j])
            + (y[i] - cy[j]) * (y[i] - cy[j]) ?| @fabs(x[i] - cx[j]) ?| @sq(x[i] - cx[j]) + @sq(y[i] - cy[j]) ?); if ( d < low ) { low
                = d; at = j; } } arg[i] = at; ?(best[i] = low; ?| best[i] = @sqrt(low); ?| ?) }
        ?| par i 0 n { T sum = 0; seq j 0 k { T dx = cx[j] - x[i]; T dy = cy[j] - y[i]; T r2 = dx * dx + dy * dy + s; sum += ?(1 / r2
            ?| dx / (r2 * @sqrt(r2)) ?| @exp(-r2) ?); } best[i] = sum; } ?)""",
        stems="distances kmeans_assign nearest_center pairwise_dist rbf_kernel assign_labels distance_matrix closest_point potential",
        weight=1.8,
    ),
    "particles": Template(
        kind="real",
        params="px:io[n] py:io[n] vx:io[n] vy:io[n] mass:in[n] dt:real(0.1|0.01|0.5) g:real(9.81|0.5) lim:real(1|2) n:size",
        body="""
        par i 0 n {
            ?(vx[i] += ?(dt * g ?| g * dt / mass[i] ?| dt * mass[i] ?); px[i] += ?(vx[i] * dt ?| dt * vx[i] ?);
            ?| px[i] = px[i] + vx[i] * dt; py[i] = py[i] + vy[i] * dt ?(?| - #0.5 * g * dt * dt ?);
            ?| T ax = -g * px[i]; ?(T ay = -g * py[i]; vy[i] += ay * dt; ?| ?) vx[i] += ax * dt; ?(px[i] += vx[i] * dt; ?| ?) ?)
            ?(?| ?| if ( ?(px[i] > lim ?| px[i] < 0 ?| px[i] > lim || px[i] < -lim ?) ) { ?(vx[i] = -vx[i]; ?| px[i] = lim; vx[i] *=
                -1; ?| px[i] = 0; ?) } ?)
        }""",
        stems="move_particles integrate leapfrog update_positions advance_particles euler_step kick_drift boundary_bounce",
        weight=1.5,
    ),
    "nbody": Template(
        kind="real",
        params="pos:in[3*n] acc:out[3*n] n:int(1|2|5|17|32) soft:real(0.5|0.1)",
        body="""
        par i 0 n { T ax = 0; T ay = 0; T az = 0;
            seq j 0 n { ?(if ( i != j ) { BODY } ?| BODY ?| if ( i == j ) { continue; } BODY ?) }
            acc[3 * i] = ax; acc[3 * i + 1] = ay; acc[3 * i + 2] = az; }""".replace(
            "BODY",
            """T dx = pos[3 * j] - pos[3 * i]; T dy = pos[3 * j + 1] - pos[3 * i + 1]; T dz = pos[3 * j + 2] - pos[3 * i + 2];
            T r2 = dx * dx + dy * dy + dz * dz + soft; T inv = ?(#1 / r2 ?| #1 / (r2 * @sqrt(r2)) ?| #1 / @sqrt(r2) ?);
            ax += dx * inv; ay += dy * inv; az += dz * inv;""",
        ),
        stems="nbody_forces gravity compute_forces pair_forces accelerations coulomb",
        weight=0.5,
    ),
    "per_element_loop": Template(
        kind="real",
        params="x:in[n] out:out[n] steps:out[n]{int} n:size m:small a:scalar",
        body="""
        par i 0 n {
            ?(T z = x[i]; int c = 0; while ( ?(c < ?(m ?| 10 ?| 20 ?) && z * z < 4 ?| z < 4 && c < 20 ?) ) { z = ?(z * z + x[i] ?| z *
                z + #0.25 ?| z + @fabs(z) + #0.1 ?); c++; } ?(steps[i] = c; ?| out[i] = ?(c ?| z / (c + 1) ?); ?)
            ?| T v = x[i]; int k = 0; do { v = ?(v * #0.5 + 1 ?| v / 2 ?| (v + a / (v * v + 1)) / 2 ?); k++; } while ( k < ?(m ?| 5 ?|
                8 ?) ); out[i] = v;
            ?| T sum = 0; seq k 0 ?(m ?| 10 ?| 100 ?) { sum += ?(x[i] / (k + 1) ?| @sqrt(x[i] * x[i] + k) / (float)(k + 1) ?| @sin(x[i]
                * k) ?| @cos(k * a) * x[i] ?| @pow(#0.5, k) * x[i] ?); } out[i] = sum;
            ?| T t = 1; T s = 0; seq k 1 m+1 { t = t * x[i] / k; s += t; } out[i] = s; ?| T r = 0; seq k 0 m { r = r * x[i] + a; }
                out[i] = r; ?)
        }""",
        stems="mandel_iter newton_root escape_time taylor_exp series_sum mathKernel polynomial iterate horner burn",
        weight=1.6,
    ),
    "integer_loops": Template(
        kind="int",
        params="x:in[n]{int}<40 out:out[n]{int} n:size k:int(2|3|5)",
        body="""
        par i 0 n {
            int v = x[i] ?(?| + 1 ?); int c = 0;
            ?(while ( v > ?(0 ?| 1 ?) ) { ?(c += v % k; v /= k; ?| v = v / 2; c++; ?| c += v & 1; v >>= 1; ?| v -= k; c++; ?) } out[i]
                = c;
            ?| if ( ?(v % k == 0 ?| v % 2 ?| (v & 1) == 0 ?) ) { c = ?(v / k ?| v ?| 1 ?); } else { c = ?(3 * v + 1 ?| -v ?| 0 ?); }
                out[i] = c;
            ?| seq j 1 v+1 { if ( v % j == 0 ) { c++; } } out[i] = ?(c ?| c == 2 ?| c > 2 ? 0 : 1 ?); ?| ?(v ^= ?(v << 1 ?| v >> 2 ?| k
                ?); ?| v = (v << 2) | (v >> 1); ?| v = v & ~k; ?) out[i] = v + c; ?| out[i] = ?((v * 7 + k) % 11 ?| v % k ?| v / k * k
                    ?| (v + k - 1) / k ?| v * v - k ?); ?)
        }""",
        stems="count_bits collatz digit_sum is_prime parity hash_values divisors mod_table encode decode_bits",
        weight=1.3,
    ),
    "two_loops": Template(
        params="a:io[n] b:io[n] c:in[n] s:scalar m:size n:size",
        body="""
        ?(par i 0 n { a[i] = ?(0 ?| s ?| c[i] ?); } par j 0 n { b[j] ?(+= ?| = ?) @E(c[j], s); }
        ?| par i 0 n { a[i] = @E(c[i], s); } par j 0 n { b[j] = @E(a[j], c[j]); } ?| par i 0 n { b[i] = a[i]; } par j 1 n-1 { a[j] =
            (b[j - 1] + b[j] + b[j + 1]) / 3; }
        ?| par i 0 n { a[i] ?(*= s ?| += c[i] ?| -= s ?); } par j 0 n { b[j] = ?(a[n - 1 - j] ?| a[j] * s ?); } par k 0 n { a[k] = ?(0
            ?| b[k] + c[k] ?); } ?)""",
        stems="two_phase update_then_copy init_and_add prepare_step double_pass",
        weight=1.2,
    ),
    "helpers_over_arrays": Template(
        kind="real",
        params="x:in[n] y:in[n] z:in[n] out:out[n] out2:out[n] dt:real(0.1|0.5) c:real n:size",
        body="""
        ?(T c1 = ?(dt * c ?| c / dt ?| #1 - dt ?| #2 * c ?); ?(T c2 = ?(c1 * c1 ?| #1 / (#1 + dt) ?| c1 + dt ?); ?| T c2 = c; ?) ?| T
            c1 = c; T c2 = dt; ?)
        par i 0 n {
            ?(T p = x[i]; T q = y[i]; ?(T r = z[i]; ?| T r = p * q; ?| T r = @E(p, q, c1); ?) T e = ?((p - q) * (p - q) + r * r ?| p *
                c1 + q * c2 ?| @E(p, q, r) ?); ?(if ( e > c ) { p = 0; ?(q = 0; ?| ?) } ?| ?) out[i] = ?(p ?| p + e ?| e ?| c1 * p + c2
                    * e ?); out2[i] = ?(q ?| q - e ?| r ?| e * c2 ?);
            ?| out[i] = c1 * x[i] + c2 * y[i] ?(?| - z[i] ?); ?(out2[i] = ?(out[i] * c2 ?| x[i] - out[i] ?); ?| ?) ?)
        }""",
        stems="invalidateFlow predictor corrector flux_update reaction_terms compute_error advance_state constitutive material_update",
        weight=2,
    ),
    "first_thread": Template(
        kind="num",
        params="out:out[n+1]{int} step:int(1|3|4) acc:io[n] n:size",
        body="""
        ?(out[0] = 0; ?| ?) par i ?(1 n+1 ?| 0 n ?) { out[i] = ?(i * step ?| (i - 1) * step ?| i + step ?| step * (i % 4) ?); }""",
        stems="set_offset row_pointers setOffsets offsets_of index_table",
        weight=0.6,
    ),
    "neighbours_flags": Template(
        kind="int",
        params="a:in[n]{int} out:io[n]{int} m:small n:size",
        body="""
        par i 0 ?(n ?| n-1 ?) { ?(if ( ?(i + 1 < n && a[i] != a[i + 1] ?| i + 1 < n && a[i] + 1 == a[i + 1] ?) ) { out[i] = ?(1 ?| i ?|
            a[i] ?); } ?(?| else { out[i] = 0; } ?) ?| out[i] = ?(i == 0 || a[i] != a[i - 1] ?| (i > 0) && (a[i] > a[i - 1]) ?| i > 0 ?
                a[i] - a[i - 1] : a[i] ?| i % m == 0 ? a[i] : a[i - i % m] ?); ?| int b = a[i]; int c = ?(i > 0 ? a[i - 1] : b ?| a[(i
                    + 1) % n] ?); out[i] = ?(b ^ c ?| b == c ?| b - c ?| !b ^ c ?| b > c ? b : c ?); ?) }""",
        stems="fill_idx mark_heads run_starts edge_flags boundaries adjacent_difference decode_bits segments",
        weight=1.1,
    ),
}
