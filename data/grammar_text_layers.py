"""Layers of neural networks, forward and backward, as C code of such libraries writes them.

Statistics of batches, activations, losses, pooling, rearrangements, optimisers.
"""

from __future__ import annotations

import re

from hpcraft.data.grammar_text import Template

_SOFTMAX = """
        par i 0 r {
            T big = ?(#0 ?| x[i * c] ?| -1e30 ?);
            T total = 0;
            seq j 0 c { ?(if ( x[i * c + j] > big ) { big = x[i * c + j]; } ?| big = @max(x[i * c + j], big); ?| T v = x[i * c + j]; if
                ( v > big ) { big = v; } ?) }
            ?(seq k 0 c { x[i * c + k] = @exp(x[i * c + k] - big); total += x[i * c + k]; }
            seq l 0 c { x[i * c + l] /= total; }
            ?| seq k 0 c { total += @exp(?((x[i * c + k] - big) / temp ?| x[i * c + k] - big ?| x[i * c + k] / temp - big / temp ?)); }
            seq l 0 c { out[i * c + l] = @exp(?(x[i * c + l] - big ?| (x[i * c + l] - big) / temp ?)) / total; }
            ?| seq k 0 c { T e = @exp(x[i * c + k] - big); out[i * c + k] = e; total += e; }
            seq l 0 c { out[i * c + l] = out[i * c + l] / total; } ?)
        }"""
"""Of each row; columns are the same with indices the other way round."""
_SOFTMAX_STEMS = "softmax softmax_cpu softmax_seg row_softmax softmax_forward log_softmax softmax_tree normalise_exp"

TEMPLATES: dict[str, Template] = {
    "mean_layer": Template(
        kind="real",
        params="x:in[batch*filters*spatial] mean:out[filters] batch:small filters:small spatial:side",
        body="""
        ?(T scale = ?(#1 / (batch * spatial) ?| 1. / (batch * spatial) ?| 1.f / (batch * spatial) ?); ?| ?)
        par i 0 filters {
            mean[i] = 0;
            seq j 0 batch {
                seq k 0 spatial {
                    int index = ?(j * filters * spatial + i * spatial + k ?| (j * filters + i) * spatial + k ?| k + spatial * (i +
                        filters * j) ?);
                    mean[i] += ?(x[index] ?| @fabs(x[index]) ?| x[index] * x[index] ?);
                }
            }
            mean[i] ?(*= #1 / (batch * spatial) ?| /= batch * spatial ?| = mean[i] / (batch * spatial) ?);
        }""",
        stems="mean channel_mean batch_mean mean_filters l1_stat",
        weight=0.8,
    ),
    "variance_layer": Template(
        kind="real",
        params="x:in[batch*filters*spatial] mean:in[filters] out:out[filters] delta:in[batch*filters*spatial] batch:small "
        "filters:small spatial:side",
        body="""
        par f 0 filters {
            T sum = 0;
            seq b 0 batch {
                seq i 0 spatial {
                    int index = ?(b * filters * spatial + f * spatial + i ?| i + spatial * (f + b * filters) ?);
                    sum += ?(@sq(x[index] - mean[f]) ?| delta[index] * (x[index] - mean[f]) ?| delta[index] * x[index] ?| delta[index] ?);
                }
            }
            out[f] ?(= ?| += ?) ?(sum ?| sum / (batch * spatial) ?| sum * #0.5 ?| @sqrt(@fabs(sum)) ?);
        }""",
        stems="variance backward_bias backward_scale mean_delta variance_delta bias_grad scale_updates",
        weight=1,
    ),
    "normalise_layer": Template(
        kind="real",
        params="x:io[batch*filters*spatial] mean:in[filters] variance:in[filters] biases:in[filters] eps:real(1|2) "
        "batch:small filters:small spatial:side",
        body="""
        par b 0 batch, f 0 filters, i 0 spatial {
            ?(int index = ?(b * filters * spatial + f * spatial + i ?| (b * filters + f) * spatial + i ?);
            x[index] ?(= (x[index] - mean[f]) / ?((@sqrt(@fabs(variance[f])) + #0.000001) ?| @sqrt(variance[f] * variance[f] + eps) ?)
                ?| += biases[f] ?| *= biases[f] ?| = x[index] * mean[f] + biases[f] ?| = @max(x[index] + biases[f], #0) ?| =
                    @E(x[index], mean[f], biases[f]) ?);
            ?| x[(b * filters + f) * spatial + i] ?(+= ?| *= ?) biases[f]; ?)
        }""",
        stems="normalize_layer add_bias scale_bias forward_bias batchnorm normalise bias_add channel_scale apply_bn",
        weight=1.6,
    ),
    "activate": Template(
        kind="real",
        params="x:?(io ?| in ?)[n] out:io[n] delta:io[n] slope:real(0.1|0.5|0.25) training:flag mask:out[n]{int} n:size",
        body="""
        par i 0 n {
            ?(out[i] = ?(x[i] > 0 ? x[i] : slope * x[i] ?| #1 / (#1 + @exp(-x[i])) ?| x[i] / (#1 + @exp(-x[i])) ?| @max(x[i], #0) ?|
                @tanh(x[i]) ?| x[i] * (x[i] > 0)
                ?| x[i] >= 0 ? x[i] : slope * (@exp(x[i]) - 1) ?| #2 / (1 + @exp(-2 * x[i])) - 1 ?| (x[i] > 0) ? #1 : -#1 ?);
            ?| delta[i] ?(*= ?| = delta[i] * ?) ?((x[i] > 0) ?| (x[i] > 0 ? #1 : slope) ?| (#1 - x[i] * x[i]) ?| (x[i] * (1 - x[i])) ?);
            ?| if ( ?(x[i] <= 0 ?| x[i] < 0 ?| !(x[i] > 0) ?) ) { delta[i] ?(= 0 ?| *= slope ?); }
            ?| int keep = x[i] > ?(0 ?| slope ?); ?(if ( training ) { mask[i] = keep; } ?| ?)
            if ( ?(!keep ?| keep == 0 ?) ) { out[i] = 0; }
            ?| T v = x[i]; ?(if ( v < 0 ) { v ?(= 0 ?| *= slope ?); } ?| if ( training ) { v *= slope; } ?)
            out[i] = v;
            ?| T s = #1 / (#1 + @exp(-x[i])); ?(out[i] = s; delta[i] = s * (1 - s); ?| out[i] = x[i] * s; ?| delta[i] += s * (1 - s) *
                out[i]; ?) ?)
        }""",
        stems="relu leaky_relu sigmoid tanh_forward relu_backward activate gradient_array swish elu dropout activation logistic_activate",
        weight=2,
    ),
    "loss": Template(
        kind="real",
        params="n:size pred:in[n] truth:in[n] delta:out[n] error:out[n] w:in[n] c:real(1|2)",
        body="""
        par i 0 n {
            ?(T diff = truth[i] - pred[i];
            ?(error[i] = diff * diff; ?| error[i] = @fabs(diff); ?| error[i] = @fabs(diff) < c ? diff * diff : 2 * @fabs(diff) - 1; ?)
            delta[i] = ?(diff ?| diff > 0 ? 1 : -1 ?| 2 * diff * w[i] ?| diff * c ?);
            ?| T t = truth[i]; T p = ?(pred[i] ?| @fabs(pred[i]) ?| #1 / (1 + @exp(-pred[i])) ?);
            error[i] = ?((t != 0) ? -@log(@fabs(p) + #0.01) : 0 ?| -t * @log(@fabs(p) + #0.1) - (1 - t) * @log(@fabs(1 - p) + #0.1) ?|
                t * (t - p) ?| @E(t, p, c) ?);
            ?(delta[i] = t - p; ?| ?)
            ?| T diff = pred[i] - truth[i]; T abs_val = @fabs(diff);
            if ( abs_val < ?(1 ?| c ?| #0.5 ?) ) { error[i] = diff * diff ?(?| * #0.5 ?); delta[i] = diff; } else {
                error[i] = ?(2 * abs_val - 1 ?| abs_val - #0.5 ?| c * abs_val ?);
                delta[i] = ?((diff < 0) ? 1 : -1 ?| diff > 0 ? #1 : -#1 ?);
            }
            ?| delta[i] = ?(pred[i] - truth[i] ?| w[i] * (pred[i] - truth[i]) ?| (pred[i] - truth[i]) / n ?| -truth[i] / pred[i] ?); ?)
        }""",
        stems="l2_loss l1_loss smooth_l1 mse_grad cross_entropy huber wgan_loss logistic_loss loss_layer softmax_x_ent residuals",
        weight=1.6,
    ),
    "softmax": Template(
        kind="real",
        params="x:io[r*c] out:out[r*c] r:side c:side temp:real(1|2)",
        body=_SOFTMAX,
        stems=_SOFTMAX_STEMS,
        weight=1.6,
    ),
    "softmax_columns": Template(
        kind="real",
        params="x:io[r*c] out:out[r*c] r:side c:side temp:real(1|2)",
        body=re.sub(r"i \* c \+ ([jkl])", r"\1 * r + i", _SOFTMAX).replace("[i * c]", "[i]"),
        stems=_SOFTMAX_STEMS,
        weight=0.8,
    ),
    "window_pool": Template(
        kind="real",
        params="input:in[c*h*s*w*s] output:out[c*h*w] idx:out[c*h*w]{int} c:small h:small w:small s:small(1|2|3)",
        body="""
        par k 0 c, i 0 h, j 0 w {
            T acc = ?(0 ?| #0 ?| -3 ?| -#10 ?);
            seq p 0 s { seq q 0 s {
                int at = ?((k * h * s + i * s + p) * w * s + j * s + q ?| k * h * s * w * s + (i * s + p) * (w * s) + (j * s + q) ?);
                ?(acc = ?(acc + input[at] ?| acc + @fabs(input[at]) ?); ?| if ( input[at] > acc ) { acc = input[at]; } ?| T val =
                    input[at]; acc = val > acc ? val : acc; ?| acc = @max(acc, input[at]); ?)
            } }
            output[(k * h + i) * w + j] = ?(acc ?| acc / (s * s) ?);
        }""",
        stems="maxpool pooling avg_pool2d max_pool_forward subsample downsample pool2x2",
        weight=1.5,
    ),
    "reorganise": Template(
        kind="num",
        params="x:in[b*c*h*w] out:out[b*c*h*w] b:small c:small h:small w:small forward:flag",
        body="""
        par n 0 b, k 0 c, i 0 h*w {
            int i1 = ?(n * c * h * w + k * h * w + i ?| i + h * w * (k + c * n) ?);
            int i2 = ?(n * c * h * w + i * c + k ?| (n * h * w + i) * c + k ?| n * c * h * w + (c - 1 - k) * h * w + i ?| i + h * w *
                (c - 1 - k + c * n) ?);
            ?(out[i2] = x[i1]; ?| out[i1] = x[i2]; ?| if ( forward ) { out[i2] = x[i1]; } else { out[i1] = x[i2]; } ?| out[i1] =
                forward ? x[i2] : x[i1]; ?)
        }""",
        stems="flatten reorg permute_nchw nchw_to_nhwc shuffle_channels interleave rearrange layout_convert permuteData flip_channels",
        weight=1.6,
    ),
    "permute_batch": Template(
        params="input:in[batch*num*k*f] output:out[batch*num*k*f] batch:small num:side k:small f:small",
        body="""
        par t 0 num {
            ?(int per = num * k * f; ?| ?)
            ?(any s 0 batch { any i 0 k { any j 0 f {
                output[?(s * num * k * f + t * k * f + i * f + j ?| s * (num * k * f) + (t * k + i) * f + j ?)] = input[?(s * num * k *
                    f + (i * f * num) + (j * num) + t ?| s * num * k * f + (i * f + j) * num + t ?)];
            } } } ?| any s 0 batch { any i 0 k*f {
                output[s * num * k * f + t * k * f + i] = ?(?| #2 * ?) input[s * num * k * f + i * num + t];
            } } ?)
        }""",
        stems="permuteData permute_torch rearrange_boxes transpose_batch gather_priors concat_layers permute",
        weight=1.2,
    ),
    "optimiser": Template(
        kind="real",
        params="w:io[n] grad:io[n] m:io[n] v:in[n] lr:real(0.1|0.01|0.5) b1:real(0.9|0.5) b2:real(0.99|0.5) "
        "eps:real(0.01|0.1) decay:flag n:size",
        body="""
        par i 0 n {
            ?(?(T g = grad[i] ?(?| + b2 * w[i] ?); ?| T g = grad[i]; if ( decay ) { g += b2 * w[i]; } ?)
            m[i] = b1 * m[i] + ?((1 - b1) ?| (#1 - b1) ?) * g;
            w[i] -= lr * m[i] ?(?| / (@sqrt(v[i] * v[i]) + eps) ?| / (@fabs(v[i]) + eps) ?);
            ?| w[i] ?(-= lr * grad[i] ?| = w[i] - lr * grad[i] ?| -= lr * (grad[i] + b2 * w[i]) ?| += lr * grad[i] / n ?);
            ?| m[i] = b1 * m[i] ?(- ?| + ?) lr * grad[i]; w[i] ?(+= ?| -= ?) m[i]; ?(?| grad[i] = 0; ?)
            ?| m[i] += grad[i] * grad[i]; w[i] -= lr * grad[i] / (@sqrt(m[i] * m[i]) + eps); ?)
        }""",
        stems="sgd_update adam_step momentum rmsprop adagrad update_weights optimiser_step apply_gradients weight_decay",
        weight=1.5,
    ),
    "dense": Template(
        kind="real",
        params="x:in[n*k] wts:in[m*k] bias:in[m] out:io[n*m] n:side m:side k:side",
        body="""
        par i 0 n, j 0 m {
            T sum = ?(0 ?| #0 ?| bias[j] ?);
            seq l 0 k { sum += x[i * k + l] * wts[?(j * k + l ?| l * m + j ?)]; }
            ?(out[i * m + j] = ?(sum ?| sum + bias[j] ?| @max(sum, #0) ?| sum > 0 ? sum : 0 ?| #1 / (1 + @exp(-sum)) ?| @tanh(sum) ?);
                ?| out[i * m + j] += sum; ?)
        }""",
        stems="fully_connected dense_forward linear_layer fc_forward affine connected_layer inner_product",
        weight=1.3,
    ),
    "conv_layer": Template(
        kind="real",
        params="input:in[cin*(h+k-1)*(w+k-1)] kernel:in[cout*cin*k*k] bias:in[cout] output:out[cout*h*w] cin:small cout:small "
        "h:small w:small k:int(1|2|3)",
        body="""
        par f 0 cout, i 0 h, j 0 w {
            T tmp = ?(bias[f] ?| 0 ?| #0 ?);
            seq c 0 cin { seq p 0 k { seq q 0 k {
                tmp += input[(c * (h + k - 1) + i + p) * (w + k - 1) + j + q] * kernel[?(((f * cin + c) * k + p) * k + q ?| f * cin * k
                    * k + c * k * k + p * k + q ?)];
            } } }
            output[?((f * h + i) * w + j ?| f * h * w + i * w + j ?)] = ?(tmp ?| (tmp > 0) ? tmp : 0 ?| tmp + bias[f] ?| tmp > #0 ? tmp
                : tmp * #0.1 ?);
        }""",
        stems="conv2d convolution_layer conv_forward conv3x3 convolve_channels conv2d_valid direct_conv",
        weight=1.2,
    ),
    "pointwise_conv": Template(
        kind="real",
        params="in_ch:small size:small n:small input:in[in_ch*size*size] weight:in[n*in_ch] bias:in[n] out:out[n*size*size]",
        body="""
        par f 0 n {
            any i 0 size { any j 0 size {
                T tmp = bias[f];
                seq k 0 in_ch { tmp += input[?(k * size * size + i * size + j ?| (k * size + i) * size + j ?)] * weight[f * in_ch + k]; }
                out[f * size * size + i * size + j] = ?(tmp ?| (tmp > 0) ? tmp : 0 ?| @tanh(tmp) ?);
            } }
        }""",
        stems="conv1x1 pointwise_conv conv_1x1_forward project_channels",
        weight=0.8,
    ),
}
