package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/patch"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// bulkJob works off a BulkRequest. Operations are done in the order in which
// they came, but one that names a resource yet to be made waits for it. Where
// resources name each other in a circle, one of them is made without these
// references, which are added to it once they can be. Only when that fails is it
// removed again, and with it the references of others to it.
type bulkJob struct {
	h       *handler
	r       *request
	ctx     context.Context // of the operations
	failOn  int
	all     []*bulkOperation
	makers  map[string]*bulkOperation          // by bulkId: what makes the resource
	ids     map[string]string                  // by bulkId: what was made
	done    map[*bulkOperation]resource.Object // results
	failed  int
	stopped bool
	away    error            // why the database did not answer: nothing more is tried, and nobody waits for it again
	held    map[string]error // by path of a resource: why it could not be had in time; it is not waited for again
	left    []string         // ids of what was made by halves and could not be taken back
}

func newBulkJob(h *handler, r *request, req bulkRequest) *bulkJob {
	b := &bulkJob{h: h, r: r, ctx: r.Context(), failOn: req.failOnErrors, all: req.operations,
		makers: map[string]*bulkOperation{}, ids: map[string]string{}, held: map[string]error{}, done: map[*bulkOperation]resource.Object{}}
	for _, op := range b.all {
		if op.method == http.MethodPost && op.bulkID != "" {
			b.makers[op.bulkID] = op
		}
	}
	return b
}

// results lists the results of what was done, in the order of the request.
func (b *bulkJob) results() []resource.Object {
	out := []resource.Object{}
	for _, op := range b.all {
		if result, ok := b.done[op]; ok {
			out = append(out, result)
		}
	}
	return out
}

// run does operations until none is left, or as many failed as may. It fails
// only when the client has gone.
func (b *bulkJob) run() error {
	pending := slices.Clone(b.all)
	for len(pending) > 0 && !b.stopped && b.ctx.Err() == nil {
		var waiting []*bulkOperation
		for _, op := range pending {
			switch {
			case b.stopped || b.ctx.Err() != nil || b.waits(op):
				waiting = append(waiting, op)
			default:
				b.do(op)
			}
		}
		if len(waiting) == len(pending) && b.ctx.Err() == nil {
			b.unblock(waiting[0])
		}
		pending = slices.DeleteFunc(waiting, func(op *bulkOperation) bool { return b.done[op] != nil })
	}
	for _, op := range pending { // not reported, so not there
		b.undo(op)
	}
	if len(b.left) > 0 {
		b.h.log.ErrorContext(b.ctx, "scim: bulk: made by halves, and could not be taken back", "request", b.r.id, "connection", b.r.conn.ID, "ids", b.left)
	}
	return b.ctx.Err()
}

// waits reports whether op names a resource that is yet to be made, or to be
// completed.
func (b *bulkJob) waits(op *bulkOperation) bool {
	return op.bad == nil && slices.ContainsFunc(op.refs, func(name string) bool {
		maker := b.makers[name]
		return maker != nil && b.done[maker] == nil
	})
}

// lacks reports whether the resource with this bulkId is still to be made, and
// not even half made.
func (b *bulkJob) lacks(bulkID string) bool {
	maker := b.makers[bulkID]
	return maker != nil && b.done[maker] == nil && b.ids[bulkID] == ""
}

// unblock makes one step where everything waits. It follows references from op
// to an operation that waits for half made resources only, which is done with
// these, or else around a circle, which is opened.
func (b *bulkJob) unblock(op *bulkOperation) {
	for seen := map[*bulkOperation]bool{}; ; {
		seen[op] = true
		next := slices.IndexFunc(op.refs, b.lacks)
		if next < 0 {
			b.do(op)
			return
		}
		if op = b.makers[op.refs[next]]; seen[op] {
			b.open(op)
			return
		}
	}
}

// do performs an operation for which everything is there.
func (b *bulkJob) do(op *bulkOperation) {
	if err := b.unresolved(op); err != nil {
		b.fail(op, err)
		return
	}
	method, path, version, data := op.method, op.path, op.version, op.data
	if op.half != "" {
		method, path, version, data = http.MethodPatch, op.path+"/"+op.half, "", completion(op)
	}
	resolved, _ := resolve(data, b.ids).(resource.Object)
	got, err := b.serve(method, path, version, resolved)
	if err != nil {
		b.fail(op, err)
		return
	}
	if op.half != "" {
		got.status, got.location = http.StatusCreated, b.r.as.Base+op.path+"/"+op.half
	} else if method == http.MethodPost {
		b.note(op, got)
	}
	b.succeed(op, got)
}

// unresolved returns the error for an operation that cannot be tried, or names
// what no operation makes, or what could not be made.
func (b *bulkJob) unresolved(op *bulkOperation) error {
	switch {
	case op.bad != nil:
		return op.bad
	case b.away != nil:
		return b.away
	case b.held[b.path(op)] != nil:
		return b.held[b.path(op)]
	}
	for _, name := range op.refs {
		switch {
		case b.makers[name] == nil:
			return scimerr.InvalidValue("bulkId", "%s is given to no POST in this request", scimerr.Quote(name))
		case b.ids[name] == "":
			return scimerr.New(http.StatusConflict, fmt.Sprintf("The resource with bulkId %s could not be made.", scimerr.Quote(name)))
		}
	}
	return nil
}

// open breaks a circle of references: it makes the resource of op without
// those that cannot be resolved yet. The operation is done when they are added.
func (b *bulkJob) open(op *bulkOperation) {
	if b.away != nil {
		b.fail(op, b.away)
		return
	}
	data, _ := resolve(b.without(op.data), b.ids).(resource.Object)
	got, err := b.serve(op.method, op.path, op.version, data)
	if err != nil {
		b.fail(op, err)
		return
	}
	b.note(op, got)
	op.half = b.ids[op.bulkID]
}

// without returns value without references that cannot be resolved yet, and
// without the values that they are part of.
func (b *bulkJob) without(value any) any {
	switch value := value.(type) {
	case resource.Object:
		out := resource.Object{}
		for name, inner := range value {
			if s, ok := inner.(string); ok && b.isLacking(s) {
				if strings.EqualFold(name, "value") {
					return nil
				}
				continue
			}
			if kept := b.without(inner); kept != nil {
				out[name] = kept
			}
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range value {
			if kept := b.without(inner); kept != nil {
				out = append(out, kept)
			}
		}
		return out
	case string:
		if b.isLacking(value) {
			return nil
		}
	}
	return value
}

func (b *bulkJob) isLacking(s string) bool {
	name, ok := strings.CutPrefix(s, bulkPrefix)
	return ok && b.lacks(name)
}

// completion returns the PATCH that adds the attributes with references.
func completion(op *bulkOperation) resource.Object {
	values := resource.Object{}
	for name, value := range op.data {
		if refs := map[string]bool{}; references(refs, value) {
			values[name] = value
		}
	}
	return resource.Object{"schemas": []any{patch.URN}, "Operations": []any{resource.Object{"op": string(patch.Add), "value": values}}}
}

// note keeps the id of a resource that was made.
func (b *bulkJob) note(op *bulkOperation, got answer) {
	if id := resource.IDOf(got.body); id != "" {
		b.ids[op.bulkID] = id
	}
}

// path returns the path of an operation with ids in place of references.
func (b *bulkJob) path(op *bulkOperation) string {
	at := strings.LastIndexByte(op.path, '/') + 1
	last, _ := resolve(op.path[at:], b.ids).(string)
	return op.path[:at] + last
}

// serve performs one request as its route does.
func (b *bulkJob) serve(method, path, version string, data resource.Object) (answer, error) {
	op := bulkOperation{path: path}
	t, id, _ := op.target()
	if name, ok := strings.CutPrefix(id, bulkPrefix); ok {
		id = b.ids[name]
	}
	route := b.h.resourceRoutes()[t.Endpoint]
	if id != "" {
		route = b.h.resourceRoutes()[t.Endpoint+"/{id}"]
	}
	inner := (&http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}).WithContext(b.ctx)
	inner.SetPathValue("id", id)
	if version != "" {
		inner.Header.Set("If-Match", version)
	}
	return route[method](&request{Request: inner, conn: b.r.conn, token: b.r.token, id: b.r.id, as: b.r.as, limit: b.r.limit, parsed: data,
		query: url.Values{"excludedAttributes": {"members", "groups"}}}) // of the answer only id and version are used
}

func (b *bulkJob) succeed(op *bulkOperation, got answer) {
	result := b.result(op, got.status)
	if got.etag != "" {
		result["version"] = got.etag
	}
	if got.location != "" {
		result["location"] = got.location
	}
	b.done[op] = result
}

func (b *bulkJob) fail(op *bulkOperation, err error) {
	e, _ := toSCIM(err)
	if held := b.held[b.path(op)]; b.away == nil && held == nil { // else the log has it
		e = b.h.explain(b.r, err)
		b.noteUnavailable(op, err)
	}
	b.undo(op)
	result := b.result(op, e.Status)
	result["response"] = e
	b.done[op] = result
	if b.failed == 0 { // of many the log has the first
		b.r.line.Set("reason", requestlog.WithoutValues(e.Detail))
	}
	b.r.line.Set("failed", strconv.Itoa(b.failed+1))
	if b.failed++; b.failOn > 0 && b.failed >= b.failOn {
		b.stopped = true
	}
}

// noteUnavailable notes what need not be waited for again: all of the database, or
// the resource of op.
func (b *bulkJob) noteUnavailable(op *bulkOperation, err error) {
	_, id, ok := op.target()
	switch {
	case b.away == nil && provision.IsAway(err):
		b.away = err
	case ok && id != "" && provision.IsUnavailable(err):
		b.held[b.path(op)] = err
	}
}

// result begins the result of an operation. All but a POST that failed have a
// location (RFC 7644 §3.7.3).
func (b *bulkJob) result(op *bulkOperation, code int) resource.Object {
	out := resource.Object{"status": strconv.Itoa(code)}
	resource.SetText(out, "method", op.method)
	resource.SetText(out, "bulkId", op.bulkID)
	if _, id, ok := op.target(); ok && id != "" {
		out["location"] = b.r.as.Base + b.path(op)
	}
	return out
}

// undo removes a resource that still lacks what its operation asked for: an
// operation takes effect as a whole or not at all. What it cannot remove is left.
func (b *bulkJob) undo(op *bulkOperation) {
	if op.half == "" {
		return
	}
	err := b.away
	if err == nil {
		cleanup := *b
		cleanup.ctx = context.WithoutCancel(b.ctx) // also when the client has gone
		if _, err = cleanup.serve(http.MethodDelete, op.path+"/"+op.half, "", nil); err != nil {
			_ = b.h.explain(b.r, fmt.Errorf("scim: bulk: take back what was made by halves: %w", err))
		}
		b.noteUnavailable(op, err)
	}
	if err != nil && !provision.IsNotFound(err) {
		b.left = append(b.left, op.half)
	}
	delete(b.ids, op.bulkID)
	op.half = ""
}
