#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For earlyoom -P /usr/local/sbin/earlyoom-kill.sh: it is started before earlyoom kills, with the
# victim in EARLYOOM_PID. By the time earlyoom sends its own signal, the victim is dead and its memory
# back; that earlyoom finds nobody any more is no error to it.
#
# Versions of earlyoom without -P have -N, which comes after the kill: too late for this.

exec mmreap kill --quiet --log --sharers=spare --timeout 5s "$EARLYOOM_PID"
