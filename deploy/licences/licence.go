package main

import (
	"regexp"
	"slices"
	"strings"
)

// known are the licences that may be in the program, by their SPDX id, each with
// words that stand in its text alone. None of them asks anything of a program
// that contains the module but to carry its text; of the files of a module under
// MPL-2.0 the source must stay available, as it is at the module's address.
var known = []struct {
	id    string
	words []string
}{
	{"Apache-2.0", []string{"apache license version 2.0, january 2004", "terms and conditions for use, reproduction, and distribution"}},
	{"MPL-2.0", []string{"mozilla public license", "2.0", "covered software"}},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice"}},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice"}},
	{"0BSD", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted. the software is provided"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms, with or without modification, are permitted", "may be used to endorse or promote products derived from this software without specific"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms, with or without modification, are permitted", "redistributions in binary form must reproduce the above copyright notice"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
}

// refused are words of licences that ask more than that, and of terms that are
// put before a licence which is known.
var refused = []string{
	"commons clause", "business source license", "server side public license", "elastic license",
	"gnu affero general public license version", "gnu general public license version", "gnu lesser general public license version",
	"non-commercial", "noncommercial",
}

var noise = regexp.MustCompile(`[\s*#/"'“”‘’]+`)

// plain is text without what differs between copies of it.
func plain(text string) string { return strings.ToLower(noise.ReplaceAllString(text, " ")) }

// identify returns the SPDX ids of the licences whose text is in text; none when
// there is none that it knows, or one that is refused.
func identify(text string) (ids []string) {
	text = plain(text)
	lacks := func(words string) bool { return !strings.Contains(text, plain(words)) }
	if !slices.ContainsFunc(refused, func(words string) bool { return !lacks(words) }) {
		for _, l := range known {
			if !slices.ContainsFunc(l.words, lacks) && !slices.Contains(ids, l.id) && (l.id != "BSD-2-Clause" || !slices.Contains(ids, "BSD-3-Clause")) {
				ids = append(ids, l.id)
			}
		}
	}
	return ids
}
