package scimtest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// timeout is how long one request may take.
const timeout = 10 * time.Second

// Replay runs every trace in dir, as a subtest each, against the SCIM server
// at base, with token as bearer token. Everything that a trace creates is
// deleted after it. strict also checks what must hold for every answer:
// content type, error bodies, Location, itemsPerPage, ids.
func Replay(t *testing.T, base, token, dir string, strict bool) {
	t.Helper()
	traces, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range traces {
		t.Run(tr.Scenario, func(t *testing.T) {
			r := replayer{base: strings.TrimRight(base, "/"), token: token, strict: strict}
			if err := r.run(t.Context(), tr); err != nil {
				t.Errorf("%v\n%s", err, strings.Join(r.log, "\n"))
			}
		})
	}
}

// replayer runs one trace.
type replayer struct {
	base   string
	token  string
	strict bool

	vars    variables
	created []string // paths of what was made, oldest first
	log     []string // the exchanges
}

// run replays a trace and deletes what it created. The error names the first
// step that went wrong.
func (r *replayer) run(ctx context.Context, tr trace) error {
	seed := make([]byte, 4)
	_, _ = rand.Read(seed) // never fails
	r.vars = variables{"rand": hex.EncodeToString(seed)}
	for _, name := range sortedNames(tr.Vars) {
		value, err := r.vars.text(tr.Vars[name])
		if err != nil {
			return err
		}
		r.vars[name] = value
	}
	defer r.cleanUp(ctx)
	for n, s := range tr.Steps {
		for i := range max(s.Repeat, 1) {
			r.vars["i"] = strconv.Itoa(i + 1)
			if err := r.step(ctx, tr, s); err != nil {
				return fmt.Errorf("step %d (%s): %w", n+1, s.Name, err)
			}
		}
	}
	return nil
}

func (r *replayer) step(ctx context.Context, tr trace, s step) error {
	res, err := r.exchange(ctx, tr, s)
	if err != nil {
		return err
	}
	r.note(s, res)
	if bad := s.Expect.judge(res, r.vars); bad != "" {
		return errors.New(bad)
	}
	if bad := checkStrict(s, res); bad != "" && r.strict && !s.Lenient {
		return errors.New("strict: " + bad)
	}
	for _, name := range sortedNames(s.Save) {
		value := pointer(res.body, s.Save[name])
		if value == nil || value == any(absent{}) {
			return fmt.Errorf("nothing at %q to save as %s", s.Save[name], name)
		}
		filled, err := r.vars.text(name)
		if err != nil {
			return err
		}
		r.vars[asText(filled)] = value
	}
	return nil
}

// note remembers what a step created.
func (r *replayer) note(s step, res response) {
	name, ok := collection(s.Path)
	o, _ := res.body.(map[string]any)
	if id, _ := o["id"].(string); ok && id != "" && s.Method == http.MethodPost && res.status == http.StatusCreated {
		r.created = append(r.created, "/"+name+"/"+escape(id))
	}
}

func (r *replayer) cleanUp(ctx context.Context) {
	for n := len(r.created) - 1; n >= 0; n-- {
		header := http.Header{"Accept": {"application/scim+json"}, "Authorization": {"Bearer " + r.token}}
		_, _ = r.send(ctx, http.MethodDelete, r.created[n], header, nil) // may be gone already
	}
}

func (r *replayer) exchange(ctx context.Context, tr trace, s step) (response, error) {
	body, err := r.body(s)
	if err != nil {
		return response{}, err
	}
	header, err := r.header(tr, s, body != nil)
	if err != nil {
		return response{}, err
	}
	path, err := r.vars.path(s.Path)
	if err != nil {
		return response{}, err
	}
	res, err := r.send(ctx, s.Method, path, header, body)
	r.log = append(r.log, fmt.Sprintf("%s %s %s\n  → %d %s", s.Method, path, cut(body), res.status, cut(res.raw)))
	return res, err
}

func (r *replayer) body(s step) ([]byte, error) {
	switch {
	case s.RawBody != nil:
		text, err := r.vars.text(*s.RawBody)
		return []byte(asText(text)), err
	case s.Body != nil:
		value, err := r.vars.json(s.Body)
		if err != nil {
			return nil, err
		}
		return compact(value)
	}
	return nil, nil
}

func (r *replayer) header(tr trace, s step, hasBody bool) (http.Header, error) {
	header := http.Header{"Accept": {"application/scim+json"}, "User-Agent": {""}}
	if hasBody {
		header.Set("Content-Type", "application/scim+json")
	}
	if err := r.put(header, tr.Headers); err != nil {
		return nil, err
	}
	if !hasBody && !tr.ContentTypeOnGet {
		header.Del("Content-Type")
	}
	if err := r.put(header, s.Headers); err != nil {
		return nil, err
	}
	if header.Get("Authorization") == "" {
		switch s.Auth {
		case "none":
		case "bad":
			header.Set("Authorization", "Bearer not-the-token")
		default:
			header.Set("Authorization", "Bearer "+r.token)
		}
	}
	return header, nil
}

func (r *replayer) put(header http.Header, values map[string]any) error {
	for _, name := range sortedNames(values) {
		header.Del(name)
		if values[name] == nil {
			continue
		}
		value, err := r.vars.text(asText(values[name]))
		if err != nil {
			return err
		}
		header.Set(name, asText(value))
	}
	return nil
}

// transport leaves requests as they are: it adds no Accept-Encoding.
var transport = &http.Transport{DisableCompression: true}

// send makes one request. path goes out as it is written.
func (r *replayer) send(ctx context.Context, method, path string, header http.Header, body []byte) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	base, err := url.Parse(r.base)
	if err != nil {
		return response{}, err
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base, reader)
	if err != nil {
		return response{}, err
	}
	req.URL = &url.URL{Scheme: base.Scheme, Host: base.Host, Opaque: base.EscapedPath() + path}
	req.Header = header
	res, err := transport.RoundTrip(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	raw, err := readAll(res)
	if err != nil {
		return response{}, err
	}
	out := response{status: res.StatusCode, header: res.Header, raw: raw, body: absent{}}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var decoded any
	if d.Decode(&decoded) == nil && !d.More() {
		out.body = decoded
	}
	return out, nil
}

// readAll reads the body, uncompressed: some traces ask for gzip as their
// client does.
func readAll(res *http.Response) ([]byte, error) {
	var reader io.Reader = res.Body
	var err error
	switch coding := strings.ToLower(res.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip":
		reader, err = gzip.NewReader(res.Body)
	case "deflate":
		reader, err = zlib.NewReader(res.Body)
	default:
		err = fmt.Errorf("the answer has the unknown Content-Encoding %q", coding)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
