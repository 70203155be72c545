"""Images and grids.

Pixels with channels, grey levels, tone curves, padding, flips, filters, stencils in one to three dimensions, finite differences.
"""

from __future__ import annotations

from hpcraft.data.grammar_text import Template

TEMPLATES: dict[str, Template] = {
    "grey": Template(
        kind="byte",
        params="src:in[w*h*c]{unsigned char} dst:out[w*h]{unsigned char} w:side h:side c:int(3|4)",
        body="""
        ?(par x 0 w, y 0 h { int p = ?(y * w + x ?| w * y + x ?| x + y * w ?);
            ?(unsigned char r = src[p * c]; unsigned char g = src[p * c + 1]; unsigned char b = src[p * c + 2];
            dst[p] = ?((unsigned char)(0.21f * r + 0.71f * g + 0.07f * b) ?| (r + g + b) / 3 ?| (unsigned char)((r * 30 + g * 59 + b *
                11) / 100) ?| (unsigned char)(.299f * r + .587f * g + .114f * b) ?| r > g ? r : g ?);
            ?| dst[p] = ?((src[c * p] + src[c * p + 1] + src[c * p + 2]) / 3 ?| src[p * c + 1] ?| 255 - src[p * c] ?); ?)
        } ?| par i 0 w*h {
            unsigned char r = src[c * i]; unsigned char g = src[c * i + 1];
            dst[i] = ?((r + g) / 2 ?| (unsigned char)(0.5f * r + 0.25f * g) ?| (unsigned char)(255 - r) ?| r < g ? r : g ?);
        } ?)""",
        stems="rgb2gray grayscale toGray castImageToGrayScale rgb_to_grey greyscale convertToGray luminance colour_to_grey",
        weight=1.3,
    ),
    "pixels": Template(
        kind="byte",
        params="img:io[w*h]{unsigned char} out:out[w*h] lut:in[256]{float} w:side h:side c:int(1|3) level:int(5|9|100) gain:real{float}",
        body="""
        ?(par i 0 w*h {?| par y 0 h, x 0 w { int i = ?(y * w + x ?| x + w * y ?); ?)
            ?(unsigned char val = img[i];
            ?(float data = ?(lut[val] * gain ?| 255 * (lut[val] - lut[0]) / 4 ?| val * gain ?| val + 10 * gain ?);
            if ( data < ?(0.0f ?| 0 ?) ) { data = 0?(?| .0f ?); } else if ( data > ?(255.0f ?| 255 ?) ) { data = ?(255.0f ?| 255 ?); }
            img[i] = (unsigned char)data; ?| img[i] = ?(val > level ? 255 : 0 ?| 255 - val ?| val / 2 ?| (unsigned char)(val * 2 + 1)
                ?); ?)
            ?| if ( ?(img[i] > level ?| img[i] >= level ?| img[i] < level ?) ) { img[i] = ?(255 ?| 0 ?| level ?); } ?(?| else { img[i]
                = ?(0 ?| 255 ?); } ?)
            ?| out[i] = (T)(?(img[i] >> 1 ?| img[i] / 3 ?| img[i] & 7 ?| img[i] % 5 ?| img[i] ^ 1 ?| 16 - img[i] ?));
            ?| out[i] = img[i] > level ? ?(1 ?| 255 ?| img[i] ?) : 0; ?)
        }""",
        stems="equalization threshold_image invert_image brightness gamma_correct apply_lut binarize_image contrast negative",
        weight=1.5,
    ),
    "pitch_rows": Template(
        kind="real",
        params="nx:side ny:side a:io[ny*pa] pa:int(24|32) b:in[ny*pb] pb:int(24|25) c:in[ny*24] s:scalar",
        body="""
        par i 0 nx, j 0 ny {
            ?(?(T *arow = a + j * pa; ?| T *arow = &a[j * pa]; ?) ?(const T *brow = b + j * pb; ?| const T *brow = &b[j * pb]; ?)
            arow[i] ?(= ?| += ?| -= ?) ?(brow[i] ?| brow[i] * s ?| brow[i] + c[j * 24 + i] ?| @E(brow[i], s) ?);
            ?| T *arow = (T *)((char *)a + j * pa * sizeof(T)); arow[i] ?(+= ?| = ?| *= ?) ?(s ?| b[j * pb + i] ?| @E(b[j * pb + i], s)
                ?);
            ?| a[j * pa + i] ?(= ?| += ?) ?(b[j * pb + i] ?| s * b[j * pb + i] ?| @max(b[j * pb + i], s) ?); ?)
        }""",
        stems="copy_pitched add_rows elevation depth_update pitch_copy sub_pitched row_update water_depth strided_rows",
        weight=1,
    ),
    "pad_grid": Template(
        kind="any",
        params="src:in[h*w*d] dst:out[(h+2*pad)*(w+2*pad)*d] h:small w:small d:small pad:int(0|1|2)",
        body="""
        int new_h = h + 2 * pad; int new_w = ?(w + 2 * pad ?| w + pad * 2 ?);
        par c 0 new_h, r 0 new_w, z 0 d {
            ?(int i = z * new_h * new_w + c * new_w + r; ?| int i = (z * new_h + c) * new_w + r; ?)
            ?(int j = z * h * w + (c - pad) * w + (r - pad); ?| int j = (z * h + c - pad) * w + r - pad; ?)
            ?(if ( ?((c < pad || c > h + pad - 1) || (r < pad || r > w + pad - 1) ?| c < pad || r < pad || c >= h + pad || r >= w + pad
                ?) ) {
                dst[i] = ?(0 ?| 1 ?);
            } else { dst[i] = src[j]; }
            ?| if ( c >= pad && c < h + pad && r >= pad && r < w + pad ) { dst[i] = src[j]; } else { dst[i] = 0; }
            ?| dst[i] = (c < pad || c >= new_h - pad || r < pad || r >= new_w - pad) ? 0 : src[j]; ?)
        }""",
        stems="pad_input zero_pad pad2d add_border pad_image expand_border",
        weight=1,
    ),
    "crop_flip": Template(
        kind="any",
        params="src:in[h*w] dst:out[h*w] h:side w:side a:scalar",
        body="""
        par y 0 h, x 0 w {
            dst[y * w + x] = ?(src[y * w + (w - 1 - x)] ?| src[(h - 1 - y) * w + x] ?| src[(h - y - 1) * w + w - x - 1] ?| src[y * w +
                (x + 1) % w] ?| src[((y + h - 1) % h) * w + x]
                ?| src[(y / 2) * w + x / 2] ?| src[(y / 2 * 2) * w + x] ?| (x > 0 ? src[y * w + x - 1] : 0) ?| x == y ? a : src[y * w +
                    x] ?| x < w - 1 ? src[y * w + x + 1] : src[y * w] ?);
        }""",
        stems="flip_horizontal flip_vertical rotate180 roll mirror_image crop shift_rows flipKernel wrap_shift",
        weight=1.4,
    ),
    "grid_elementwise": Template(
        kind="any",
        params="a:?(in ?| io ?)[rows*cols] b:in[rows*cols] out:io[rows*cols] r:in[rows] c:in[cols] s:scalar rows:side cols:side",
        body="""
        par i 0 rows, j 0 cols {
            ?(int ind = ?(i * cols + j ?| j + i * cols ?| cols * i + j ?);
            ?(out[ind] = @E(?(a[ind], b[ind] ?| a[ind], s ?| a[ind], c[j] ?| a[ind], r[i] ?| r[i], c[j] ?| a[ind], r[i], c[j] ?));
            ?| T v = a[ind]; if ( @B(v, s) ) { v = ?(0 ?| s ?| b[ind] ?| c[j] ?); } out[ind] = v;
            ?| if ( @B(r[i], s) ?(&& ?| || ?) @B(c[j], s) ) { out[ind] = 0; } else { out[ind] = @E(r[i], c[j]); }
            ?| out[ind] ?(+= ?| -= ?| *= ?) ?(b[ind] ?| s ?| c[j] ?| @E(a[ind], b[ind]) ?); ?)
            ?| out[i * cols + j] = ?(@E(a[i * cols + j], b[i * cols + j]) ?| @E(r[i], c[j]) ?| a[i * cols + j] - c[j] ?| i == j ? 1 : 0
                ?| 0 ?| s ?| i >= j ? a[i * cols + j] : 0
                ?| (i == j) ? s : a[i * cols + j] ?| (T)(i * cols + j) ?| (T)(i + j) ?); ?)
        }""",
        stems="matrixAdd add_matrix sub_matrix matVecRowSub outer_product identity set_diag matrix_scale eye init_matrix "
        "addMatrices row_add",
        weight=4,
    ),
    "box3d": Template(
        kind="real",
        params="vx:out[w*h*l] vy:io[w*h*l] vz:in[w*h*l] a:scalar w:side h:small l:small",
        body="""
        par x 0 w, y 0 h {
            ?(int index = y * w + x;
            seq k 0 l also index += w * h { vx[index] = ?(0 ?| a ?| vz[index] ?| @E(vy[index], vz[index]) ?); vy[index] = ?(0 ?| #1 ?|
                @E(vy[index], a) ?); }
            ?| any z 0 l { int i = x + w * y + w * h * z; ?(vx[i] = ?(@E(vy[i], vz[i]) ?| a * vz[i] ?| 0 ?); ?| T val = vy[i]; vy[i] =
                @E(val, vz[i]); vx[i] = vy[i] + a * (vy[i] - val); ?) } ?)
        }""",
        stems="set_zero_3d SetToZero volume_update field_update init_volume zero_field smooth_volume",
        weight=1.2,
    ),
    "stencil_1d": Template(
        kind="real",
        params="u:in[n] out:io[n] a:scalar b:scalar n:size(2|3|10|33|65|200)",
        body="""
        ?(par i 1 n-1 {
            ?(out[i] = ?(u[i - 1] - 2 * u[i] + u[i + 1] ?| (u[i - 1] + u[i] + u[i + 1]) / 3 ?| #0.5 * (u[i + 1] - u[i - 1]) ?| u[i] + a
                * (u[i + 1] - #2 * u[i] + u[i - 1]) ?| (u[i + 1] - u[i - 1]) / (2 * a) ?| @E(u[i - 1], u[i + 1], a) ?| @E(u[i - 1],
                    u[i], u[i + 1]) ?);
            ?| T left = u[i - 1]; T right = u[i + 1]; out[i] ?(= ?| += ?) @E(left, right ?(, u[i] ?| , a ?| ?)); ?)
        } ?| par i 0 n {
            ?(out[i] = ?(i > 0 ? @E(u[i - 1], u[i]) : u[i] ?| (i == 0 || i == n - 1) ? u[i] : @E(u[i - 1], u[i + 1]) ?| (i + 1 < n ?
                u[i + 1] : 0) - u[i] ?);
            ?| if ( ?(i == 0 || i == n - 1 ?| i < 1 || i >= n - 1 ?) ) { out[i] = ?(0 ?| u[i] ?| a ?); } else { out[i] = @E(u[i - 1],
                u[i], u[i + 1]); }
            ?| int l = i > 0 ? i - 1 : ?(0 ?| n - 1 ?); int r = ?(i < n - 1 ? i + 1 : ?(n - 1 ?| 0 ?) ?| (i + 1) % n ?); out[i] =
                @E(u[l], u[r], ?(a ?| u[i] ?));
            ?| out[i] = u[i]; ?(if ( i > 0 ) { out[i] += a * u[i - 1]; } ?| out[i] += i == 0 ? 0 : u[i - 1]; ?) ?(if ( i < n - 1 ) {
                out[i] += b * u[i + 1]; } ?| out[i] += i == n - 1 ? 0 : u[i + 1]; ?) ?)
        } ?| par i 0 n-1 { out[i] = ?((u[i + 1] - u[i]) / a ?| u[i + 1] - u[i] ?| @E(u[i], u[i + 1]) ?| (a * u[i + 1] - b * u[i]) *
            u[i] ?); } ?)""",
        stems="diffuse1d heat_step gradient1d smooth laplace1d central_diff derivative advect blur1d difference",
        weight=2,
    ),
    "stencil_2d": Template(
        kind="real",
        params="u:in[h*w] out:io[h*w] a:scalar b:scalar h:side w:side",
        body="""
        ?(par y 1 h-1, x 1 w-1 { int id = ?(y * w + x ?| x + y * w ?);
            ?(T d1 = #0; T d2 = #0; d1 = u[id + 1] - 2.0 * u[id] + u[id - 1]; d2 = u[id + w] - ?(2.0 * ?| 2 * ?) u[id] + u[id - w];
                out[id] = ?(a * a * d1 + b * b * d2 ?| d1 + d2 ?| u[id] + a * (d1 + d2) ?);
            ?| out[id] = ?(#0.25 * (u[id - 1] + u[id + 1] + u[id - w] + u[id + w]) ?| u[id - 1] + u[id + 1] + u[id - w] + u[id + w] - 4
                * u[id] ?| (u[id] + u[id + 1] + u[id + w] + u[id + w + 1]) / 4 ?| @E(u[id - w], u[id], u[id + 1]) ?);
            ?| T gx = u[id + 1] - u[id - 1]; T gy = u[id + w] - u[id - w]; out[id] = ?(@sqrt(gx * gx + gy * gy) ?| @fabs(gx) +
                @fabs(gy) ?| a * gx + b * gy ?| gx * gy ?); ?)
        } ?| par y 0 h, x 0 w { int id = ?(y * w + x ?| x + w * y ?);
            ?(T val = u[id]; T d1 = ?((x + 1 < w) ? (u[id + 1] - val) : #0 ?| x + 1 < w ? u[id + 1] - val : 0 ?| (x > 0 ? u[id - 1] :
                0) - val ?); T d2 = ?((y + 1 < h) ? (u[(y + 1) * w + x] - val) : #0 ?| y > 0 ? u[id - w] - val : 0 ?);
            out[id] = ?(@sqrt(d1 * d1 + d2 * d2) ?| val + a * (d1 + d2) ?| (val + a * d1 + b * d2) / (#1 + a * a) ?| @E(d1, d2, a) ?);
            ?| if ( ?(x == 0 || y == 0 || x == w - 1 || y == h - 1 ?| x < 1 || x > w - 2 || y < 1 || y > h - 2 ?) ) { out[id] = ?(0 ?|
                u[id] ?| a ?); } else { out[id] = ?(#0.25 * (u[id - 1] + u[id + 1] + u[id - w] + u[id + w]) ?| @E(u[id - 1], u[id + w],
                    a) ?); }
            ?| if ( ?(x > 0 && x < w - 1 && y > 0 && y < h - 1 ?| x >= 1 && y >= 1 && x < w - 1 && y < h - 1 ?) ) { out[id] = u[id] + a
                * (?(u[id - 1] + u[id + 1] - 2 * u[id] ?| u[id - w] + u[id + w] + u[id - 1] + u[id + 1] - 4 * u[id] ?)); }
            ?| T sum = 0; int cnt = 0; seq dy -1 2 { seq dx -1 2 { int yy = y + dy; int xx = x + dx; if ( yy >= 0 && yy < h && xx >= 0
                && xx < w ) { sum += u[yy * w + xx]; cnt++; } } } out[id] = ?(sum / cnt ?| sum ?| sum / #9 ?); ?)
        } ?)""",
        stems="laplace_filter jacobi2d blur heat2d sobel gradient_mag five_point diffusion laplacian smooth2d edge_detect mean_filter",
        weight=2.6,
    ),
    "stencil_3d": Template(
        kind="real",
        params="u:in[nz*ny*nx] out:io[nz*ny*nx] a:scalar nz:small ny:side nx:side",
        body="""
        ?(par k 1 nz-1, j 1 ny-1, i 1 nx-1 { int id = ?((k * ny + j) * nx + i ?| k * nx * ny + j * nx + i ?| i + nx * (j + ny * k) ?);
            out[id] = ?(u[id] + a * (u[id - 1] + u[id + 1] + u[id - nx] + u[id + nx] + u[id - nx * ny] + u[id + nx * ny] - 6 * u[id])
                ?| (u[id - 1] + u[id + 1] + u[id - nx] + u[id + nx]) / 4 ?| @E(u[id - nx * ny], u[id + nx * ny], a) ?| #0.5 * (u[id +
                    1] - u[id - 1]) ?);
        } ?| par x 0 nx, y 0 ny { any z 0 nz { int i = x + nx * y + nx * ny * z; T v = u[i];
            ?(T d1 = (x + 1 < nx) ? (u[(x + 1) + nx * y + nx * ny * z] - v) : 0.f; T d2 = (y + 1 < ny) ? (u[x + nx * (y + 1) + nx * ny
                * z] - v) : 0.f; out[i] = ?(@sqrt(d1 * d1 + d2 * d2) ?| v + a * (d1 + d2) ?| (d1 + d2) / @max(#1, v) ?);
            ?| if ( ?(z > 0 ?| z >= 1 && z < nz - 1 ?) ) { out[i] = @E(v, u[i - nx * ny], a); } else { out[i] = ?(0 ?| v ?); } ?) } }
                ?)""",
        stems="stencil7 heat3d laplace3d diffusion3d wave_step primal dual_update divergence3d",
        weight=1.2,
    ),
    "convolve_2d": Template(
        kind="real",
        params="img:in[h*w] mask:in[(2*r+1)*(2*r+1)] out:out[h*w] h:side w:side r:int(1|2)",
        body="""
        par y 0 h, x 0 w {
            T sum = ?(0 ?| #0 ?);
            seq i -r r+1 { seq j -r r+1 {
                ?(int yy = y + i; int xx = x + j;
                if ( ?(yy >= 0 && yy < h && xx >= 0 && xx < w ?| xx >= 0 && xx < w && yy >= 0 && yy < h ?) ) { sum += img[yy * w + xx]
                    * mask[(i + r) * (2 * r + 1) + (j + r)]; }
                ?| if ( y + i < 0 || y + i >= h || x + j < 0 || x + j >= w ) { continue; } sum += mask[(r + i) * (2 * r + 1) + r + j] *
                    img[(y + i) * w + x + j];
                ?| int yy = y + i; yy = yy < 0 ? 0 : yy; yy = yy >= h ? h - 1 : yy; int xx = x + j; if ( xx < 0 ) { xx = 0; } if ( xx >
                    w - 1 ) { xx = w - 1; } sum += img[yy * w + xx] ?(* mask[(r - i) * (2 * r + 1) + r - j] ?| ?);
                ?| int p = (y + i) * w + (x + j); int q = (i + r) * (2 * r + 1) + (j + r); if ( p >= 0 && p < h * w ) { sum += mask[q]
                    * img[p]; } ?)
            } }
            out[y * w + x] = ?(sum ?| sum < 0 ? 0 : sum ?| sum / ((2 * r + 1) * (2 * r + 1)) ?);
            ?(?| ?| if ( out[y * w + x] < 0 ) { out[y * w + x] = 0; } else if ( out[y * w + x] > 1 ) { out[y * w + x] = 1; } ?)
        }""",
        stems="convolve2d convolution filter_image gaussian_blur box_blur applyMask convoluteCPU correlate2d image_filter",
        weight=1.8,
    ),
    "convolve_line": Template(
        kind="real",
        params="src:in[h*w] filt:in[2*r+1] dst:out[h*w] w:side h:side r:int(1|2|3)",
        body="""
        par y 0 h, x 0 w {
            T sum = ?(0 ?| #0 ?);
            ?(seq k -r r+1 { int d = x + k; ?(if ( d >= 0 && d < w ) { sum += src[y * w + d] * filt[?(r - k ?| k + r ?)]; } ?| if ( d <
                0 || d >= w ) { continue; } sum += src[y * w + d] * filt[r + k]; ?) }
            ?| seq k -r r+1 { int d = y + k; if ( d >= 0 && d < h ) { sum += src[d * w + x] * filt[?(r - k ?| k + r ?)]; } } ?)
            dst[y * w + x] = ?(sum ?| sum / (2 * r + 1) ?| @fabs(sum) ?);
        }""",
        stems="convolutionRow separable_filter convolution_columns row_filter blur_rows",
        weight=1,
    ),
}
