package builtin

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Elements on a page.
const (
	pageSize             = 50
	conversationPageSize = 25
)

// maxPage keeps page × size within what databases count.
const maxPage = 1_000_000

type link struct {
	Href      string `json:"href"`
	Templated bool   `json:"templated,omitempty"`
}

type links map[string]link

// pageBody is one page of a list. Pages are counted from 1.
type pageBody struct {
	Embedded map[string]any `json:"_embedded"`
	Links    links          `json:"_links"`
	Page     pageNumbers    `json:"page"`
}

type pageNumbers struct {
	Size          int `json:"size"`
	TotalElements int `json:"totalElements"`
	TotalPages    int `json:"totalPages"`
	Number        int `json:"number"`
}

// paging is the page that was asked for.
type paging struct{ size, number int }

func (p paging) limit() int  { return p.size }
func (p paging) offset() int { return (p.number - 1) * p.size }

// paging reads the query's page.
func (c *call) paging(size int) (paging, error) {
	n, err := c.queryNumber("page", 1, maxPage)
	if n == 0 {
		n = 1
	}
	return paging{size, int(n)}, err
}

// queryNumber reads a number from the query; 0 when it is not there.
func (c *call) queryNumber(name string, least, most int64) (int64, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, badQuery(name, text, codeType, "must be a number from "+formatID(least)+" to "+formatID(most))
	}
	return n, nil
}

func badQuery(name, value, code, message string) error {
	raw, _ := json.Marshal(value) // a string always encodes
	return &refusal{status: http.StatusBadRequest, message: "Bad request",
		problems: []problem{{Path: name, Message: message, RejectedValue: raw, Source: "QUERY", code: code}}}
}

// writePage answers with a page of a list, and links to the others.
func (c *call) writePage(name string, items any, p paging, total int) error {
	pages := (total + p.size - 1) / p.size
	at := func(n int) link {
		query := c.r.URL.Query()
		query.Set("page", strconv.Itoa(n))
		return link{Href: c.here() + "?" + query.Encode()}
	}
	l := links{"self": at(p.number), "first": at(1), "last": at(max(pages, 1)), "page": c.pageTemplate()}
	if p.number < pages {
		l["next"] = at(p.number + 1)
	}
	if p.number > 1 {
		l["previous"] = at(min(p.number-1, max(pages, 1)))
	}
	writeJSON(c.w, http.StatusOK, typeHAL, pageBody{
		Embedded: map[string]any{name: items}, Links: l,
		Page: pageNumbers{Size: p.size, TotalElements: total, TotalPages: pages, Number: p.number}})
	return nil
}

// pageTemplate is a URI template (RFC 6570) for any page.
func (c *call) pageTemplate() link {
	query := c.r.URL.Query()
	query.Del("page")
	if len(query) == 0 {
		return link{Href: c.here() + "{?page}", Templated: true}
	}
	return link{Href: c.here() + "?" + query.Encode() + "{&page}", Templated: true}
}

// here is the URL of the requested resource, without the query.
func (c *call) here() string { return c.api.base + "/" + c.r.URL.EscapedPath()[len(Root):] }

func (c *call) link(path string, id int64) link {
	return link{Href: c.api.base + path + formatID(id)}
}

// created answers that a resource was made: where it is, and no body.
func (c *call) created(path string, id int64) error {
	c.w.Header().Set("Resource-ID", formatID(id))
	c.w.Header().Set("Location", c.link(path, id).Href)
	c.w.WriteHeader(http.StatusCreated)
	return nil
}

func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) write200(body any) error {
	writeJSON(c.w, http.StatusOK, typeHAL, body)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client is gone, or all is well
}

// timestamp is a time as the API writes it: UTC, to the second.
func timestamp(us int64) string { return fromMicros(us).Format(time.RFC3339) }
