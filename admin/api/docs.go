package api

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

// docsRoute is a route as the page for people shows it.
type docsRoute struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []docsField
	Body, Answer                           string // names of schemas
}

// docsField is a field of a schema, or a parameter.
type docsField struct {
	Name, In, Type, Doc string
	Required            bool
}

type docsSchema struct {
	Name   string
	Fields []docsField
}

type docsTag struct {
	Name   string
	Routes []docsRoute
}

// docs makes the page for people from the document.
func (a *API) docs() ([]byte, error) {
	doc := a.huma.OpenAPI()
	byTag := make(map[string][]docsRoute)
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				byTag[op.Tags[0]] = append(byTag[op.Tags[0]], docsRouteOf(path, op))
			}
		}
	}
	data := struct {
		Title, Description string
		Tags               []docsTag
		Schemas            []docsSchema
	}{Title: doc.Info.Title, Description: doc.Info.Description}
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		data.Tags = append(data.Tags, docsTag{tag, byTag[tag]})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := docsSchema{Name: name}
		for _, field := range slices.Sorted(maps.Keys(schemas[name].Properties)) {
			p := schemas[name].Properties[field]
			s.Fields = append(s.Fields, docsField{Name: field, Type: typeOf(p), Doc: p.Description, Required: slices.Contains(schemas[name].Required, field)})
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

func docsRouteOf(path string, op *huma.Operation) docsRoute {
	out := docsRoute{ID: op.OperationID, Method: op.Method, Path: prefix + path, Summary: op.Summary, Description: strings.ReplaceAll(op.Description, "`", "")}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, docsField{Name: p.Name, In: p.In, Type: typeOf(p.Schema), Doc: p.Description, Required: p.Required})
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
