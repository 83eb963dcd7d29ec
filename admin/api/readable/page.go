// Package readable makes the page for people of the admin API, of its OpenAPI document.
package readable

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed templates/docs.html
var page string

//go:embed templates/docs.css
var styles []byte

// Styles are the style sheet of the page.
func Styles() []byte { return styles }

// route is a route as the page for people shows it.
type route struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []field
	Body, Answer                           string // names of schemas
}

// field is a field of a schema, or a parameter.
type field struct {
	Name, In, Type, Doc string
	Required            bool
}

type schema struct {
	Name   string
	Fields []field
}

type tagged struct {
	Name   string
	Routes []route
}

// Page makes the page, in HTML, of the document of an API whose paths begin with prefix.
func Page(doc *huma.OpenAPI, prefix string) ([]byte, error) {
	byTag := make(map[string][]route)
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				byTag[op.Tags[0]] = append(byTag[op.Tags[0]], routeOf(prefix+path, op))
			}
		}
	}
	data := struct {
		Title, Description string
		Tags               []tagged
		Schemas            []schema
	}{Title: doc.Info.Title, Description: doc.Info.Description}
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		data.Tags = append(data.Tags, tagged{tag, byTag[tag]})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s, of := schema{Name: name}, schemas[name]
		for _, name := range slices.Sorted(maps.Keys(of.Properties)) {
			p := of.Properties[name]
			s.Fields = append(s.Fields, field{Name: name, Type: typeOf(p), Doc: p.Description, Required: slices.Contains(of.Required, name)})
		}
		data.Schemas = append(data.Schemas, s)
	}
	t, err := template.New("docs").Parse(page)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}

func routeOf(path string, op *huma.Operation) route {
	out := route{ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary, Description: strings.ReplaceAll(op.Description, "`", "")}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, field{Name: p.Name, In: p.In, Type: typeOf(p.Schema), Doc: p.Description, Required: p.Required})
	}
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Content {
			out.Body = typeOf(media.Schema)
		}
	}
	for status, answer := range op.Responses {
		if strings.HasPrefix(status, "2") {
			for _, media := range answer.Content {
				out.Answer = typeOf(media.Schema)
			}
		}
	}
	return out
}

// typeOf returns what a schema is, in a word: the last part of a reference.
func typeOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Type == "array":
		return "list of " + typeOf(s.Items)
	case s.Format != "":
		return s.Format
	}
	return s.Type
}
