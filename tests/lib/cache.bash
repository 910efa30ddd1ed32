# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where what comes from Debian's mirror is kept, outside the tree. To be sourced.

# shellcheck disable=SC2034 # for who sources it
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mmreap-lab}
