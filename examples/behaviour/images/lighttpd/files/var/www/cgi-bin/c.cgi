#!/bin/bash
printf "Content-Type: text/plain\n\n"
for w in c a b; do echo "$w"; done | sort | paste -sd, -
echo "$REQUEST_METHOD"; [ "$REQUEST_METHOD" != POST ] || wc -c
