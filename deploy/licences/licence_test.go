package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	const bsd = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided that:\n * Redistributions in binary form must reproduce the above copyright\n * notice"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"MIT, in lines of another width", "Permission is hereby granted, free\nof charge, to any person obtaining a copy of …\n\nThe above copyright notice and this\npermission notice shall be included", []string{"MIT"}},
		{"two clauses", bsd, []string{"BSD-2-Clause"}},
		{"three clauses", bsd + "\n * may be used to endorse or promote products derived from this software without specific prior", []string{"BSD-3-Clause"}},
		{"in comments", "# Permission to use, copy, modify, and/or distribute this software for any\n# purpose with or without fee is hereby granted.\n#\n# THE SOFTWARE IS PROVIDED", []string{"0BSD"}},
		{"copyleft", "GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007", nil},
		{"a known text behind terms that take it back", "\"Commons Clause\" License Condition v1.0\n" + bsd, nil},
		{"words of nobody", "All rights reserved.", nil},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := identify(tt.text); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestEveryModuleHasAKnownLicence looks at what Deskbridge is built from today.
func TestEveryModuleHasAKnownLicence(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		modules, err := modulesOf(arch, []string{"../../cmd/deskbridge"})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := write(&out, modules); err != nil {
			t.Error(err)
		}
		if len(modules) < 40 || strings.Count(out.String(), "\nMozilla Public License") < 1 || !strings.Contains(out.String(), "\nGo: BSD-3-Clause\n") {
			t.Errorf("only %d modules, or texts are missing", len(modules))
		}
	}
}

func TestUnknownLicencesAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("GNU GENERAL PUBLIC LICENSE Version 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := write(&out, []module{{Path: "example.test/strict", Version: "v1.0.0", Dir: dir}, {Path: "example.test/silent", Version: "v1.0.0", Dir: t.TempDir()}})
	if err == nil || !strings.Contains(err.Error(), "example.test/strict v1.0.0: no licence that is known") || !strings.Contains(err.Error(), "silent") {
		t.Errorf("got %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("a list was printed all the same: %s", out.String())
	}
}
