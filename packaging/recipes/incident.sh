#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# incident.sh PID...: kill, get the memory back, and say in one word what is left to do. The words:
#   back     the memory is back, or nobody was there
#   wait     killed, not finished within the limit: it ends by itself, or with the thaw
#   shared   nothing was touched, others use the same memory: decide on --sharers
#   rights   nothing was touched, run this as root
#   held     the process is gone, something else holds its memory
#   look     anything else: read what was printed

status=0
mmreap kill --quiet --log --timeout 30s "$@" || status=$?

case $status in
0 | 5) echo back ;;
3) echo wait ;;
6) echo rights ;;
7) echo shared ;;
8) echo held ;;
*) echo look ;;
esac
exit "$status"
