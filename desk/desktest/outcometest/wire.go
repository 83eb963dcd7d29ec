package outcometest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// kind is what goes wrong with a request on its way.
type kind string

const (
	fail      kind = "fail"       // not done: the answer has the fault's status
	failAfter kind = "fail after" // done, and the answer has the fault's status
	lost      kind = "lost"       // done, and the answer breaks off
	cut       kind = "cut"        // done, and whoever asked is stopped before the answer comes
	twice     kind = "twice"      // done twice; the second answer is told
	pretend   kind = "pretend"    // not done: the answer says that it was
	later     kind = "later"      // the answer says that it was done; that comes after some reads
	page      kind = "page"       // not done: a proxy's page to sign in, with status 200
	pageAfter kind = "page after" // done, and the same page
	halved    kind = "halved"     // the first half of a list as if it were all
	shortened kind = "shortened"  // the first half of a list, and how long it is
	stale     kind = "stale"      // done; reads show what they showed before, for some reads
	missing   kind = "missing"    // not done: there is nothing at that address
)

// befalls says whether a kind befalls reads, writes, or both.
var befalls = map[kind][2]bool{ // reads, writes
	fail: {true, true}, failAfter: {false, true}, lost: {true, true}, cut: {false, true}, twice: {true, true},
	pretend: {false, true}, later: {false, true}, page: {true, true}, pageAfter: {false, true},
	halved: {true, false}, shortened: {true, false}, stale: {false, true}, missing: {true, false},
}

// onWire is one thing that goes wrong with requests.
type onWire struct {
	kind   kind
	status int
	header http.Header
	writes bool           // only those, though the kind befalls reads as well
	path   *regexp.Regexp // nil: any
	skip   int            // requests that go well first
	times  int            // 0: until the desk is honest again
	reads  int            // later, stale: how many reads it lasts
}

// proxy stands before a desk's server and does to requests what is arranged.
type proxy struct {
	*httptest.Server
	t        testing.TB
	target   *url.URL
	harness  Harness
	stop     func() // stops whoever asks
	mu       sync.Mutex
	arranged []*onWire
	befell   int
	queue    []*queued
	shown    map[string]*answer // the last answer to a read, by address
	old      map[string]*answer // as reads still show it
	oldReads int
}

type queued struct {
	reads   int
	request *request
}

type request struct {
	method, uri string
	header      http.Header
	body        []byte
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func newProxy(t testing.TB, h Harness) *proxy {
	t.Helper()
	target, err := url.Parse(h.Server)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: target, harness: h, shown: map[string]*answer{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// address is the desk's address, behind the proxy.
func (p *proxy) address() string { return p.URL + p.target.Path }

// arrange has faults befall requests from now on.
func (p *proxy) arrange(faults []onWire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.befell = 0
	for _, f := range faults {
		if f.kind == missing && p.harness.Record != nil {
			f.path = p.harness.Record
		}
		p.arranged = append(p.arranged, &f)
	}
}

// heal ends all faults; what was promised for later is done. It returns how
// many requests met a fault.
func (p *proxy) heal() int {
	p.mu.Lock()
	jobs, n := p.queue, p.befell
	p.arranged, p.queue, p.old, p.oldReads, p.befell = nil, nil, nil, 0, 0
	p.mu.Unlock()
	for _, j := range jobs {
		p.send(j.request)
	}
	return n
}

// ServeHTTP answers for the desk.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked has gone
	}
	req := &request{r.Method, r.URL.RequestURI(), r.Header, body}
	write := r.Method != http.MethodGet && (p.harness.Reads == nil || !p.harness.Reads(r.Method, r.URL.Path))
	f, due := p.choose(r.URL.Path, write)
	for _, j := range due {
		p.send(j.request)
	}
	p.answer(w, req, write, f)
}

// choose returns the fault of a request, and what is due to be done before it.
func (p *proxy) choose(path string, write bool) (_ *onWire, due []*queued) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !write {
		var waiting []*queued
		for _, j := range p.queue {
			if j.reads--; j.reads < 0 {
				due = append(due, j)
			} else {
				waiting = append(waiting, j)
			}
		}
		p.queue = waiting
	}
	for _, f := range p.arranged {
		which := befalls[f.kind]
		if write && !which[1] || !write && (!which[0] || f.writes) || f.path != nil && !f.path.MatchString(path) {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		if f.times < 0 {
			continue
		}
		if f.times > 0 {
			if f.times--; f.times == 0 {
				f.times = -1
			}
		}
		p.befell++
		return f, due
	}
	return &onWire{}, due
}

func (p *proxy) answer(w http.ResponseWriter, r *request, write bool, f *onWire) {
	signIn := &answer{http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, []byte("<html><title>Please sign in</title></html>")}
	switch f.kind {
	case fail:
		(&answer{f.status, f.header, []byte(`{"message":"no"}`)}).write(w)
	case missing:
		(&answer{http.StatusNotFound, nil, []byte(`{"message":"Not Found"}`)}).write(w)
	case page:
		signIn.write(w)
	case pretend:
		p.yes(r).write(w)
	case later:
		p.mu.Lock()
		p.queue = append(p.queue, &queued{f.reads, r})
		p.mu.Unlock()
		p.yes(r).write(w)
	case failAfter:
		p.send(r)
		(&answer{f.status, f.header, []byte(`{"message":"no"}`)}).write(w)
	case pageAfter:
		p.send(r)
		signIn.write(w)
	case cut:
		p.send(r)
		p.stop()
		panic(http.ErrAbortHandler)
	case lost:
		a := p.send(r)
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		panic(http.ErrAbortHandler)
	case twice:
		p.send(r)
		p.send(r).write(w)
	case stale:
		p.mu.Lock()
		if p.old == nil {
			p.old, p.shown, p.oldReads = p.shown, map[string]*answer{}, f.reads
		}
		p.mu.Unlock()
		p.send(r).write(w)
	case halved, shortened:
		a := p.send(r)
		a.body = firstHalf(a.body, f.kind == halved)
		a.write(w)
	default:
		if write {
			p.send(r).write(w)
			return
		}
		p.read(r).write(w)
	}
}

// read answers a read, as of old while that is shown.
func (p *proxy) read(r *request) *answer {
	key := r.method + r.uri + string(r.body)
	p.mu.Lock()
	if p.oldReads > 0 {
		was := p.old[key]
		if p.oldReads--; p.oldReads == 0 {
			p.old = nil // the next write shows late, too
		}
		if was != nil {
			p.mu.Unlock()
			return was
		}
	}
	p.mu.Unlock()
	a := p.send(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown[key] = a
	return a
}

// yes is the answer to a write that was done.
func (p *proxy) yes(r *request) *answer {
	a := &answer{status: http.StatusNoContent}
	if r.method == http.MethodPost {
		a = &answer{status: http.StatusCreated, body: []byte("{}")}
	}
	if p.harness.Yes != nil {
		if status, body := p.harness.Yes(r.method); status != 0 {
			a = &answer{status: status, body: []byte(body)}
		}
	}
	return a
}

// send has the server answer. It goes on when whoever asked is gone.
func (p *proxy) send(r *request) *answer {
	req, err := http.NewRequest(r.method, p.target.Scheme+"://"+p.target.Host+r.uri, bytes.NewReader(r.body))
	if err != nil {
		p.t.Error(err)
		return &answer{status: http.StatusBadGateway}
	}
	req.Header = r.header.Clone()
	req.Header.Del("Accept-Encoding") // the transport asks and unpacks by itself
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		p.t.Error(err)
		return &answer{status: http.StatusBadGateway}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Error(err)
	}
	header := resp.Header.Clone()
	header.Del("Content-Length")
	return &answer{resp.StatusCode, header, body}
}

func (a *answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for key, values := range a.header {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// firstHalf halves the lists of an answer, and with recount what it says of how
// many there are. Lists within the records of a list are left alone, as is an answer that is
// no object.
func firstHalf(body []byte, recount bool) []byte {
	var all map[string]any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&all) != nil {
		return body
	}
	if !isList(all) {
		return body
	}
	left := -1
	halve := func(of map[string]any) {
		for key, value := range of {
			if list, ok := value.([]any); ok && !strings.HasPrefix(key, "_") && key != "schemas" {
				left = len(list) / 2
				of[key] = list[:left]
			}
		}
	}
	halve(all)
	if embedded, ok := all["_embedded"].(map[string]any); ok {
		halve(embedded)
	}
	if left < 0 {
		return body
	}
	count := func(of map[string]any) {
		for key := range of {
			switch key {
			case "total", "total_count", "totalElements", "totalResults", "itemsPerPage", "count":
				of[key] = left
			case "pages", "totalPages":
				of[key] = 1
			}
		}
	}
	if recount {
		count(all)
		if paging, ok := all["page"].(map[string]any); ok {
			count(paging)
		}
		delete(all, "next_page")
	}
	out, err := json.Marshal(all)
	if err != nil {
		return body
	}
	return out
}

// isList reports whether an answer is a list, and not a record that holds some.
func isList(answer map[string]any) bool {
	for _, key := range []string{"total", "total_count", "totalResults", "page"} {
		if _, ok := answer[key]; ok {
			return true
		}
	}
	return len(answer) == 1
}
