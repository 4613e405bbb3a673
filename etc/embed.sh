#!/bin/sh
# Writes an assembly file that embeds the named files, and the table that base/asset.h reads.
# usage: embed.sh NAME=FILE...    (to standard output)
set -eu
n=0
echo '.section .data.rel.ro,"aw"'
for pair in "$@"; do
	printf 'n%d: .asciz "%s"\nd%d: .incbin "%s"\ne%d: .byte 0\n' $n "${pair%%=*}" $n "${pair#*=}" $n
	n=$((n + 1))
done
echo '.balign 8'
echo '.globl asset_table'
echo 'asset_table:'
i=0
while [ $i -lt $n ]; do
	printf '.quad n%d, d%d, e%d - d%d\n' $i $i $i $i
	i=$((i + 1))
done
echo '.quad 0, 0, 0'
echo '.section .note.GNU-stack,"",@progbits'
