package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	consoleGroups  = 1000 // groups of the company
	consoleMembers = 100  // people in each
	consoleDesks   = 20
	// pageRate is how many pages a second are asked for: an address may 20.
	pageRate = 15
	// pageGoal is what a page or a list may take in 95 of 100 cases, in ms, and
	// newsGoal how long after a push an open page hears of it, in ms.
	pageGoal, newsGoal = 100, 1000
)

// console measures every page of the console and every list of the admin API in a
// company of many people, with 1,000 groups, and 20 desks on which a twentieth of the
// people each have an account; and how soon an open page hears of a push.
func (b *bench) console(ctx context.Context) error {
	if missing := b.many - len(b.bridge.people); missing > 0 {
		if _, err := b.populate(ctx, b.bridge, b.many); err != nil {
			return err
		}
	}
	return (&company{b}).look(ctx)
}

// company is what the console and the admin API show.
type company struct{ *bench }

func (b *company) look(ctx context.Context) error {
	if err := b.furnish(ctx); err != nil {
		return err
	}
	api, err := b.adminAPI(ctx)
	if err != nil {
		return err
	}
	console, err := b.signedIn(ctx)
	if err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	for _, side := range []struct {
		target *target
		paths  func(context.Context, *target) ([]string, error)
	}{{api, b.lists}, {console, b.pagesOf}} {
		paths, err := side.paths(ctx, side.target)
		if err != nil {
			return err
		}
		for _, path := range paths {
			shown := readable(path)
			s, err := b.open(ctx, side.target, 1, pageRate, 2*b.length, func(int, int) request { return request{"GET", path, "", 200} })
			if err != nil {
				return fmt.Errorf("%s: %w", shown, err)
			}
			b.say("%s: median %v, p95 %v, most %v", shown, s.P50.Round(10*time.Microsecond), s.P95.Round(10*time.Microsecond), s.P99.Round(10*time.Microsecond))
			b.report.add("GET "+shown, b.many, map[string]sample{b.bridge.name: s})
		}
	}
	return b.news(ctx, console)
}

// readable is a path as a table shows it: without its longest parts.
func readable(path string) string {
	path = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(path, "ID")
	return regexp.MustCompile(`(cursor|after|before)=[^&]{8,}`).ReplaceAllString(path, "$1=…")
}

// furnish gives the company groups, desks and accounts. The first accounts of each
// desk are made by Deskbridge; the others are copies of one, one in five hundred of which waits
// for a person: made one by one, they would take an hour.
func (b *company) furnish(ctx context.Context) error {
	environ := b.environment(b.bridge.address, b.bridge.dsn)
	for d := range consoleDesks {
		name := fmt.Sprintf("desk-%02d", d)
		for _, args := range [][]string{
			{"desk", "add", name, "--drift", "off", "--setting", "teams=Tier 1", "--setting", "mailboxes=Help"},
			{"rule", "add", "--connection", "bench", "--group", fmt.Sprintf("Department %04d", d), "--desk", name, "--role", "agent", "--team", "Tier 1", "--mailbox", "Help"},
		} {
			if _, err := b.command(ctx, environ, args...); err != nil {
				return err
			}
		}
	}
	c, err := dial(b.bridge)
	if err != nil {
		return err
	}
	defer c.close()
	for g := range consoleGroups {
		var members []string
		for m := range consoleMembers {
			members = append(members, fmt.Sprintf(`{"value":%q}`, b.bridge.people[(g*consoleMembers+m)%len(b.bridge.people)]))
		}
		if _, err := c.do(b.bridge.base, request{"POST", "/Groups", fmt.Sprintf(`{"displayName":"Department %04d","members":[%s]}`, g, strings.Join(members, ",")), 201}); err != nil {
			return err
		}
	}
	db, err := sql.Open("pgx", b.bridge.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := b.firstAccounts(ctx, db); err != nil {
		return err
	}
	if err := b.copyAccounts(ctx, db); err != nil {
		return err
	}
	_, err = b.command(ctx, environ, "desk", "sweep", "desk-00") // who is on the desk is known from then on
	return err
}

// firstAccounts waits until the desks have confirmed those whom their group gives access.
func (b *company) firstAccounts(ctx context.Context, db *sql.DB) error {
	for began := time.Now(); ; pause(ctx, 200*time.Millisecond) {
		var ready int
		err := db.QueryRowContext(ctx, `SELECT count(*) FROM accounts a JOIN desks d ON d.id = a.desk_id WHERE d.name LIKE 'desk-%' AND a.state = 'ready'`).Scan(&ready)
		if err != nil {
			return err
		}
		if ready == consoleDesks*consoleMembers {
			return nil
		}
		if time.Since(began) > confirmTimeout {
			return fmt.Errorf("only %d accounts of %d were confirmed within %v", ready, consoleDesks*consoleMembers, confirmTimeout)
		}
	}
}

func (b *company) copyAccounts(ctx context.Context, db *sql.DB) error {
	var columns []string
	rows, err := db.QueryContext(ctx, `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'accounts' ORDER BY ordinal_position`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return err
		}
		columns = append(columns, column)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	values := make([]string, len(columns))
	own := map[string]string{
		"id": "gen_random_uuid()::text", "identity_id": "i.id", "desk_user": "(1000000 + i.n)::text",
		"state":       "CASE WHEN i.n % 500 = 0 THEN 'needs-attention' ELSE 'ready' END",
		"reason":      "CASE WHEN i.n % 500 = 0 THEN 'the desk refuses the address' ELSE '' END",
		"reason_code": "CASE WHEN i.n % 500 = 0 THEN 'refused' ELSE '' END",
	}
	for i, column := range columns {
		values[i] = "a." + column
		if v, has := own[column]; has {
			values[i] = v
		}
	}
	each := b.many / consoleDesks
	for d := range consoleDesks {
		_, err := db.ExecContext(ctx, `WITH a AS (SELECT a.* FROM accounts a JOIN desks d ON d.id = a.desk_id WHERE d.name = $1 AND a.state = 'ready' ORDER BY a.id LIMIT 1),
			i AS (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM identities ORDER BY id OFFSET $2 LIMIT $3) page)
			INSERT INTO accounts (`+strings.Join(columns, ", ")+`) SELECT `+strings.Join(values, ", ")+` FROM a, i ON CONFLICT (identity_id, desk_id) DO NOTHING`,
			fmt.Sprintf("desk-%02d", d), d*each, each)
		if err != nil {
			return fmt.Errorf("accounts of desk %d: %w", d, err)
		}
	}
	_, err = db.ExecContext(ctx, `INSERT INTO builtin_users (desk, id, email, email_folded, first_name, last_name, role, created_at, updated_at)
		SELECT d.id, a.desk_user::bigint, a.desk_user || '@desk.bench.example', a.desk_user || '@desk.bench.example', 'Copy', a.desk_user, 'user', a.created_at, a.updated_at
		FROM accounts a JOIN desks d ON d.id = a.desk_id WHERE d.name = 'desk-00' AND length(a.desk_user) = 7`)
	return err
}

// adminAPI is the admin API, asked with a token.
func (b *company) adminAPI(ctx context.Context) (*target, error) {
	raw, err := b.command(ctx, b.environment(b.bridge.address, b.bridge.dsn), "api-token", "add", "bench", "owner", "--json")
	if err != nil {
		return nil, err
	}
	var made struct{ Token string }
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, err
	}
	return &target{name: b.bridge.name, address: b.bridge.address, base: "/api/v1", token: made.Token, process: b.bridge.process}, nil
}

// signedIn is the console, asked by a break-glass admin.
func (b *company) signedIn(ctx context.Context) (*target, error) {
	raw, err := b.command(ctx, b.environment(b.bridge.address, b.bridge.dsn), "admin", "add", "bench", "--json")
	if err != nil {
		return nil, err
	}
	var made struct {
		Name, Password string
		RecoveryCodes  []string `json:"recovery_codes"`
	}
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, Timeout: requestTimeout}
	page := "http://" + b.bridge.address + "/sso/break-glass"
	form, err := read(ctx, browser, http.MethodGet, page, nil)
	if err != nil {
		return nil, err
	}
	token := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindSubmatch(form)
	if token == nil {
		return nil, fmt.Errorf("%s shows no form: %.300s", page, form)
	}
	if _, err := read(ctx, browser, http.MethodPost, page, url.Values{"form_token": {string(token[1])}, "name": {made.Name}, "password": {made.Password}, "code": {made.RecoveryCodes[0]}}); err != nil {
		return nil, err
	}
	at, err := url.Parse("http://" + b.bridge.address + "/admin/")
	if err != nil {
		return nil, err
	}
	var cookies []string
	for _, cookie := range jar.Cookies(at) {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	return &target{name: b.bridge.name, address: b.bridge.address, base: "/admin", cookies: strings.Join(cookies, "; "), process: b.bridge.process}, nil
}

// read asks as a browser does and returns the page.
func read(ctx context.Context, browser *http.Client, method, page string, form url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, page, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://"+r.URL.Host)
	}
	answer, err := browser.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var out strings.Builder
	if _, err := bufio.NewReader(answer.Body).WriteTo(&out); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %.300s", method, page, answer.Status, out.String())
	}
	return []byte(out.String()), nil
}

// lists are the lists of the admin API, by the document that describes it: all of its
// GET requests whose places this company has, the first page and the one behind it.
func (b *company) lists(ctx context.Context, api *target) ([]string, error) {
	raw, err := read(ctx, &http.Client{Timeout: requestTimeout}, http.MethodGet, "http://"+b.bridge.address+"/api/openapi.json", nil)
	if err != nil {
		return nil, err
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, err
	}
	c, err := dial(api)
	if err != nil {
		return nil, err
	}
	defer c.close()
	group, err := b.firstGroup(c)
	if err != nil {
		return nil, err
	}
	var out []string
	for path, methods := range document.Paths {
		if _, has := methods["get"]; !has || path == "/events" { // a stream
			continue
		}
		of := b.bridge.people[b.many/2]
		if strings.HasPrefix(path, "/groups") {
			of = group
		}
		path = strings.NewReplacer("{connection}", "bench", "{desk}", "desk-00", "{id}", of).Replace(path)
		if strings.HasSuffix(path, "/why") {
			path += "?desk=desk-00"
		}
		if strings.Contains(path, "{") { // something that was not made here
			continue
		}
		out = append(out, path)
		answer, err := c.do(api.base, request{"GET", path, "", 200})
		if err != nil {
			return nil, err
		}
		var page struct {
			Next string `json:"next_cursor"`
		}
		if json.Unmarshal(answer, &page) == nil && page.Next != "" {
			out = append(out, path+"?cursor="+url.QueryEscape(page.Next))
		}
	}
	return out, nil
}

func (b *company) firstGroup(c *client) (string, error) {
	answer, err := c.do("/api/v1", request{"GET", "/groups?limit=1", "", 200})
	if err != nil {
		return "", err
	}
	return idIn(answer)
}

// pagesOf are the pages of the console: those that its navigation leads to, what they
// lead to, and searches. A link is followed once for each kind of page.
func (b *company) pagesOf(ctx context.Context, console *target) ([]string, error) {
	c, err := dial(console)
	if err != nil {
		return nil, err
	}
	defer c.close()
	links := regexp.MustCompile(`href="/admin(/[^"#]*)"`)
	kind := func(path string) string {
		path = regexp.MustCompile(`=[^&]*`).ReplaceAllString(readable(path), "=")
		return regexp.MustCompile(`(desk-\d\d|support|paced)`).ReplaceAllString(path, "DESK")
	}
	out := []string{"/", "/people?q=user-0000777", "/people?q=Number+4711", "/people?q=nobody-is-called-so", "/desks/desk-00", "/changes/desk-00", "/people/" + b.bridge.people[0]}
	seen := map[string]bool{}
	for _, path := range out {
		seen[kind(path)] = true
	}
	for i := 0; i < len(out); i++ {
		page, err := c.do(console.base, request{"GET", out[i], "", 200})
		if err != nil {
			return nil, err
		}
		for _, link := range links.FindAllSubmatch(page, -1) {
			path := strings.ReplaceAll(string(link[1]), "&amp;", "&")
			if strings.HasPrefix(path, "/static/") || strings.Contains(path, "/export") || strings.Contains(path, "as=") || strings.Contains(path, "format=") || seen[kind(path)] {
				continue
			}
			seen[kind(path)] = true
			out = append(out, path)
		}
		pause(ctx, time.Second/pageRate)
	}
	return out, nil
}

// news measures how soon an open page hears of what was pushed.
func (b *company) news(ctx context.Context, console *target) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+console.address+"/admin/events", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Cookie", console.cookies)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	heard := make(chan time.Time, 64)
	go hear(answer.Body, heard)
	c, err := dial(b.bridge)
	if err != nil {
		return err
	}
	defer c.close()
	var most time.Duration
	for n := range 10 {
		pause(ctx, 1500*time.Millisecond) // what went before was told
		for len(heard) > 0 {
			<-heard
		}
		began := time.Now()
		b.sequence++
		body := fmt.Sprintf(`{"schemas":[%q],"Operations":[{"op":"replace","path":"title","value":"News %d"}]}`, patchURN, b.sequence)
		if _, err := c.do(b.bridge.base, request{"PATCH", "/Users/" + b.bridge.people[n], body, 200}); err != nil {
			return err
		}
		select {
		case at := <-heard:
			most = max(most, at.Sub(began))
		case <-time.After(10 * time.Second):
			return fmt.Errorf("an open page heard nothing of push %d within 10 s", n)
		}
	}
	b.report.value("an open page of the console hears of a push, the slowest of 10", "ms", float64(most)/1e6, newsGoal)
	return nil
}

// hear tells when each event came, until the stream ends.
func hear(stream io.Reader, heard chan<- time.Time) {
	for lines := bufio.NewScanner(stream); lines.Scan(); {
		if lines.Text() == "event: news" {
			heard <- time.Now()
		}
	}
}
