"""CodeBLEU for HPC: how much of a reference's words, structure and data flow a candidate has, in C, C++, CUDA and Fortran.

`hpcraft.eval.code_bleu.score` puts the parts together under the names ``codebleu-hpc`` and ``parableu-hpc``;
`hpcraft.eval.code_bleu.package` calls the package that papers quote, under its own name ``codebleu``.
"""
