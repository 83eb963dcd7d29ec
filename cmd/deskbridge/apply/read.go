package apply

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/draft"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// source is a draft and the file that it comes from.
type source struct {
	plan.Draft
	path  string
	lines map[string]int // on which entries begin
}

// maxFile is beyond how many bytes nothing is read; package config says what is
// too much.
const maxFile = 8 << 20

// readDraft reads a file. Its error names all mistakes in it, those included that
// only the core finds.
func readDraft(ctx context.Context, a *command.App, sys *server.System, path string) (source, error) {
	s := source{path: path}
	if path == "" {
		return s, command.Misuse("give the file with -f, e.g. -f access.yaml")
	}
	text, err := a.ReadFile(path, maxFile)
	if err != nil {
		return s, err
	}
	s.lines = config.Lines(text)
	access, misread := config.ReadAccessFrom(bytes.NewReader(text), config.Sources{Environment: a.LookupEnv, File: a.ReadRegular})
	var unmade error
	s.Draft, unmade = draft.Reading(access, a.ReadRegular)
	if misread == nil && unmade == nil {
		return s, nil
	}
	if len(s.lines) == 0 { // what is no list of entries has no other mistakes
		return s, fmt.Errorf("%s: %w", path, errors.Join(misread, unmade))
	}
	_, err = sys.Core.Plan.Check(ctx, s.Draft)
	if _, ok := errors.AsType[*provision.Error](err); err != nil && !ok {
		return s, err
	}
	return s, s.mistakes(misread, unmade, err)
}

// mistakes returns all mistakes in errs, each with its line where the file has
// one, in the order of the file.
func (s *source) mistakes(errs ...error) error {
	var found []string
	for _, err := range errs {
		if err == nil {
			continue
		}
		for text := range strings.SplitSeq(command.Explain(err), "\n") {
			text = output.Plain(text)
			if m := entry.FindStringSubmatch(text); m != nil && s.lines[m[1]] > 0 {
				text = fmt.Sprintf("line %d: %s", s.lines[m[1]], text)
			}
			if !slices.Contains(found, text) {
				found = append(found, text)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return fmt.Errorf("%s: %s", s.path, strings.Join(found, "\n"))
}

var (
	entry = regexp.MustCompile(`^(\w+\[\d+\])`)
	onOne = regexp.MustCompile(`^line (\d+): `)
)

// lineOf returns the line that a mistake is on; 0 when it is about the whole.
func lineOf(mistake string) int {
	m := onOne.FindStringSubmatch(mistake)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits
	return n
}

// warned prints the warnings of a plan and returns the plan. An error of the
// core about the file gets its name, and its mistakes their lines.
func (s *source) warned(a *command.App, p plan.Plan, err error) (plan.Plan, error) {
	for _, w := range p.Warnings {
		a.Warn(w)
	}
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Code == provision.Invalid {
		return p, s.mistakes(err)
	}
	return p, err
}
