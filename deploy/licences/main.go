package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	arch := flag.String("arch", "", "GOARCH of the program; default that of this machine")
	flag.Parse()
	if err := run(os.Stdout, *arch, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "licences: %v\n", err)
		os.Exit(1)
	}
}

// module is a module that a program is built from.
type module struct {
	Path, Version, Dir string
}

func (m module) String() string { return strings.TrimSpace(m.Path + " " + m.Version) }

func run(out io.Writer, arch string, packages []string) error {
	modules, err := modulesOf(arch, packages)
	if err != nil {
		return err
	}
	return write(out, modules)
}

// modulesOf returns the modules that packages are built from on Linux, that of
// Go's standard library among them, without the one that they are in.
func modulesOf(arch string, packages []string) ([]module, error) {
	list := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if arch != "" {
		list.Env = append(list.Env, "GOARCH="+arch)
	}
	var problems bytes.Buffer
	list.Stderr = &problems
	listed, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, problems.String())
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	modules := []module{{Path: "Go", Dir: strings.TrimSpace(string(root))}}
	for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p struct {
			Module *struct {
				module

				Main    bool
				Replace *module
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Module == nil || p.Module.Main {
			continue
		}
		m := p.Module.module
		if p.Module.Replace != nil {
			m = *p.Module.Replace
		}
		if !slices.Contains(modules, m) {
			modules = append(modules, m)
		}
	}
	slices.SortFunc(modules, func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return modules, nil
}

// write prints modules with their licences, then each text once, with the
// modules that it is of. It fails when the licence of one is not known.
func write(out io.Writer, modules []module) error {
	type text struct {
		of   []string
		text string
	}
	var list strings.Builder
	var texts []*text
	var unknown []error
	for _, m := range modules {
		found, ids, err := licenceOf(m)
		if err != nil {
			unknown = append(unknown, err)
			continue
		}
		fmt.Fprintf(&list, "%s: %s\n", m, strings.Join(ids, ", "))
		for _, licence := range found {
			if i := slices.IndexFunc(texts, func(t *text) bool { return t.text == licence }); i >= 0 {
				texts[i].of = append(texts[i].of, m.String())
			} else {
				texts = append(texts, &text{of: []string{m.String()}, text: licence})
			}
		}
	}
	if len(unknown) > 0 {
		return errors.Join(unknown...)
	}
	fmt.Fprintf(out, "Deskbridge is built from these modules, under these licences.\n\n%s", list.String())
	for _, t := range texts {
		fmt.Fprintf(out, "\n%s\n%s\n\n%s\n", strings.Repeat("-", 80), strings.Join(t.of, "\n"), t.text)
	}
	return nil
}

var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]es?|copying|notice|patents)([.-].*)?$`)

// licenceOf returns what a module's folder says of its licence, and the SPDX ids
// of that.
func licenceOf(m module) (texts, ids []string, _ error) {
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", m, err)
	}
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(m.Dir, entry.Name()))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", m, err)
		}
		text := strings.TrimSpace(strings.ReplaceAll(string(raw), "\r\n", "\n"))
		texts = append(texts, text)
		for _, id := range identify(text) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil, fmt.Errorf("%s: no licence that is known; look at it, and add it to known or do without the module", m)
	}
	return texts, ids, nil
}
