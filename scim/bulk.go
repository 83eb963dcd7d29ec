package scim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/scim/meaning"
	"github.com/deskbridge/deskbridge/scim/patch"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

const (
	bulkRequestURN  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkResponseURN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// bulkRequest is a BulkRequest message (RFC 7644 §3.7).
type bulkRequest struct {
	failOnErrors int // errors after which nothing more is done; 0: no limit
	operations   []*bulkOperation
}

// bulkOperation is one request in a BulkRequest.
type bulkOperation struct {
	method  string
	bulkID  string          // "" for none
	version string          // for If-Match; "" for none
	path    string          // relative to the base URL: endpoint, or endpoint and id
	data    resource.Object // as sent; nil for DELETE

	refs []string // bulkIds that path and data name, sorted
	bad  error    // why it cannot even be tried; nil: it can
	half string   // id of the resource, while it still lacks what closes a circle of references
}

// bulk answers POST /Bulk: each operation as the single request it stands for,
// in a transaction of its own (RFC 7644 §3.7).
func (h *handler) bulk(r *request) (answer, error) {
	body, err := r.body()
	if err != nil {
		return answer{}, err
	}
	req, err := readBulk(body, h.limits)
	if err != nil {
		return answer{}, err
	}
	r.line.Did(requestlog.Bulk, meaning.Count(len(req.operations), "operation"))
	if err := r.confirmed(); err != nil { // nobody else's token may have us count hundreds of requests
		return answer{}, err
	}
	h.buckets.Charge(r.conn.ID, len(req.operations)-1) // the request itself is one
	job := newBulkJob(h, r, req)
	if err := job.run(); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: resource.Object{"schemas": []string{bulkResponseURN}, "Operations": job.results()}}, nil
}

// readBulk reads the message. What is wrong with a single operation is left to
// the answer for that one.
func readBulk(body resource.Object, limits Limits) (bulkRequest, error) {
	var req bulkRequest
	if !resource.NamesSchema(body[resource.Key(body, "schemas")], bulkRequestURN) {
		return req, scimerr.InvalidSyntax("schemas must hold %s.", bulkRequestURN)
	}
	list, ok := body[resource.Key(body, "Operations")].([]any)
	switch {
	case !ok || len(list) == 0:
		return req, scimerr.InvalidSyntax("Operations must be a list of at least one operation.")
	case len(list) > limits.MaxOperations:
		return req, scimerr.TooLarge("The request holds more than %d operations; see bulk.maxOperations of the ServiceProviderConfig.", limits.MaxOperations)
	}
	switch most := body[resource.Key(body, "failOnErrors")].(type) {
	case nil:
	case json.Number:
		n, err := most.Int64()
		if err != nil || n < 0 || n > 1<<31-1 {
			return req, scimerr.InvalidValue("failOnErrors", "takes a whole number")
		}
		req.failOnErrors = int(n)
	default:
		return req, scimerr.InvalidValue("failOnErrors", "takes a whole number")
	}
	seen := map[string]bool{}
	for _, element := range list {
		op := readBulkOperation(element)
		if op.bulkID != "" && seen[op.bulkID] {
			return req, scimerr.InvalidValue("bulkId", "each can be given to one operation only")
		}
		seen[op.bulkID] = true
		req.operations = append(req.operations, op)
	}
	return req, nil
}

func readBulkOperation(element any) *bulkOperation {
	op := &bulkOperation{}
	o, ok := element.(resource.Object)
	if !ok {
		op.bad = scimerr.InvalidSyntax("An operation must be an object.")
		return op
	}
	for name, field := range map[string]*string{"method": &op.method, "bulkId": &op.bulkID, "version": &op.version, "path": &op.path} {
		value := o[resource.Key(o, name)]
		if *field, ok = value.(string); !ok && value != nil && op.bad == nil {
			op.bad = scimerr.InvalidSyntax("%s must be a string.", name)
		}
	}
	op.method = strings.ToUpper(op.method)
	op.path = strings.TrimSuffix(op.path, "/")
	op.data = bulkData(op.method, o[resource.Key(o, "data")])
	if op.bad == nil {
		op.bad = op.check()
	}
	refs := map[string]bool{}
	references(refs, op.path[strings.LastIndexByte(op.path, '/')+1:])
	if op.method != http.MethodDelete {
		references(refs, op.data)
	}
	op.refs = slices.Sorted(maps.Keys(refs))
	return op
}

// bulkData returns the data of an operation; nil when it is none. That of a PATCH
// may be the list of its operations alone: RFC 7644 §3.7.3 shows it so.
func bulkData(method string, value any) resource.Object {
	if list, ok := value.([]any); ok && method == http.MethodPatch {
		return resource.Object{"schemas": []any{patch.URN}, "Operations": list}
	}
	data, _ := value.(resource.Object)
	return data
}

// check returns what is wrong with the form of the operation.
func (op *bulkOperation) check() error {
	_, id, ok := op.target()
	switch {
	case !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, op.method):
		return scimerr.InvalidSyntax("method must be POST, PUT, PATCH or DELETE.")
	case !ok:
		return scimerr.BadRequest("invalidPath", "path must be /Users or /Groups, with the id of a resource behind it for all methods but POST.")
	case op.method == http.MethodPost && id != "":
		return scimerr.BadRequest("invalidPath", "path must be /Users or /Groups with POST.")
	case op.method != http.MethodPost && id == "":
		return scimerr.BadRequest("invalidPath", "path must end with the id of a resource with %s.", op.method)
	case op.method == http.MethodPost && op.bulkID == "":
		return scimerr.InvalidSyntax("bulkId is required with POST.")
	case op.method != http.MethodDelete && op.data == nil:
		return scimerr.InvalidSyntax("data is required with %s and must be an object.", op.method)
	}
	return nil
}

// target splits path into the resource type and the id, which is "" for the
// endpoint itself.
func (op *bulkOperation) target() (t *resource.Type, id string, ok bool) {
	for _, t := range []*resource.Type{resource.User, resource.Group} {
		rest, found := strings.CutPrefix(op.path, t.Endpoint)
		if !found || rest != "" && rest[0] != '/' {
			continue
		}
		id, err := url.PathUnescape(strings.TrimPrefix(rest, "/"))
		return t, id, err == nil && !strings.ContainsAny(rest[min(1, len(rest)):], "/?#")
	}
	return nil, "", false
}

// bulkPrefix begins a value that stands for the id of the resource that the
// operation with this bulkId makes.
const bulkPrefix = "bulkId:"

// references adds the bulkIds that value names to refs, and reports whether
// there are any. A string is a reference as a whole or not at all.
func references(refs map[string]bool, value any) bool {
	switch value := value.(type) {
	case string:
		if name, ok := strings.CutPrefix(value, bulkPrefix); ok {
			refs[name] = true
		}
	case resource.Object:
		for _, inner := range value {
			references(refs, inner)
		}
	case []any:
		for _, inner := range value {
			references(refs, inner)
		}
	}
	return len(refs) > 0
}

// resolve returns value with ids in place of references.
func resolve(value any, ids map[string]string) any {
	switch value := value.(type) {
	case string:
		if name, ok := strings.CutPrefix(value, bulkPrefix); ok && ids[name] != "" {
			return ids[name]
		}
	case resource.Object:
		out := make(resource.Object, len(value))
		for name, inner := range value {
			out[name] = resolve(inner, ids)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, inner := range value {
			out[i] = resolve(inner, ids)
		}
		return out
	}
	return value
}
