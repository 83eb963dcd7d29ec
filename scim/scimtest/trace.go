package scimtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// trace is one scenario of one identity provider.
type trace struct {
	IdP              string            `json:"idp"`
	Scenario         string            `json:"scenario"` // the file is named after it
	Headers          map[string]any    `json:"headers"`  // of every request; null drops one
	ContentTypeOnGet bool              `json:"contentTypeOnGet"`
	Vars             map[string]string `json:"vars"`
	Steps            []step            `json:"steps"`
}

// step is one request, and what must come back.
type step struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	Path    string            `json:"path"` // relative to the base URL, as on the wire
	Headers map[string]any    `json:"headers"`
	Auth    string            `json:"auth"` // "none", "bad" or "" for the token
	Body    json.RawMessage   `json:"body"`
	RawBody *string           `json:"rawBody"` // sent as it is
	Repeat  int               `json:"repeat"`
	Lenient bool              `json:"lenient"` // no strict checks
	Save    map[string]string `json:"save"`    // variable → JSON pointer into the answer
	Expect  *expectation      `json:"expect"`
}

// expectation says what an answer must be like. Everything in it must hold;
// of AnyOf one.
type expectation struct {
	AnyOf       []expectation          `json:"anyOf"`
	Status      []int                  `json:"status"`
	NoBody      bool                   `json:"noBody"`
	Headers     json.RawMessage        `json:"headers"`
	BodyMatches json.RawMessage        `json:"bodyMatches"`
	ByStatus    map[string]expectation `json:"byStatus"`
}

var knownMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}

// load reads the traces in dir, by name, and refuses what could not be
// replayed as it was meant.
func load(dir string) ([]trace, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no traces in %s", dir)
	}
	slices.Sort(files)
	out := make([]trace, 0, len(files))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var tr trace
		if err := json.Unmarshal(raw, &tr); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := tr.lint(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, tr)
	}
	return out, nil
}

func (tr *trace) lint(file string) error {
	switch {
	case tr.Scenario+".json" != filepath.Base(file):
		return fmt.Errorf("the scenario is %q", tr.Scenario)
	case tr.IdP == "" || len(tr.Steps) == 0:
		return fmt.Errorf("idp or steps are missing")
	}
	for i, s := range tr.Steps {
		switch {
		case !slices.Contains(knownMethods, s.Method):
			return fmt.Errorf("step %d has the method %q", i+1, s.Method)
		case !strings.HasPrefix(s.Path, "/"):
			return fmt.Errorf("the path of step %d should start with /", i+1)
		case s.Expect == nil:
			return fmt.Errorf("step %d expects nothing", i+1)
		}
	}
	return nil
}
