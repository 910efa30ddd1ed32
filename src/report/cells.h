/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Filling in cells: what is not known is said so, and never 0. */

#include <mmreap/report.h>
#include <stdio.h>

static inline void set_number(struct cell *cell, int64_t n)
{
	cell->known = n != UNKNOWN;
	cell->number = n;
}

static inline void set_bool(struct cell *cell, bool yes)
{
	cell->known = true;
	cell->number = yes;
}

static inline void set_text(struct cell *cell, const char *text)
{
	cell->known = text && *text;
	cell->text = text;
}

/* A text made on the spot is written into cell->buffer first. */
static inline void set_buffer(struct cell *cell)
{
	cell->known = *cell->buffer != '\0';
	cell->text = cell->buffer;
}

static inline void set_letter(struct cell *cell, char letter)
{
	cell->buffer[0] = letter;
	cell->buffer[1] = '\0';
	set_buffer(cell);
}

static inline void set_inode(struct cell *cell, const struct proc_id *id)
{
	cell->known = id->inode != 0;
	cell->number = (int64_t)id->inode;
}
