package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestMoveToPostgreSQL moves a company from SQLite to PostgreSQL: the identity
// provider goes on with its token, people with their sessions and logins, the
// audit log with its head. Before that everything is refused that must be.
func TestMoveToPostgreSQL(t *testing.T) {
	target := storetest.EmptyPostgres(t)
	b := newBridge(t)
	urls, ann := moving(t, b)
	secret := signInAs(t, b)
	_, err := b.try("migrate", "--to", target)
	if err == nil || !strings.Contains(err.Error(), "a server runs on") {
		t.Errorf("beside a server: %v", err)
	}
	b.stop()
	verified := commandJSON[struct {
		Block int64
		Head  string
	}](b, "audit", "verify")
	head := fmt.Sprintf("%d:%s", verified.Block, verified.Head)
	if _, err := b.try("migrate", "--to", target, "--reseal"); err == nil || !strings.Contains(err.Error(), "exit status 2") {
		t.Errorf("with --reseal: %v", err)
	}
	other := storetest.EmptyPostgres(t)
	inPostgres(t, other, `CREATE TABLE invoices (id INT)`)
	_, err = b.try("migrate", "--to", other)
	if err == nil || !strings.Contains(err.Error(), `it has a table "invoices"`) || !strings.Contains(err.Error(), "Nothing was copied") {
		t.Errorf("to a database with something else: %v", err)
	}
	if n := countOf(t, other, `SELECT count(*) FROM pg_class WHERE relname LIKE 'identit%'`); n != 0 {
		t.Error("tables of ours were made in a database of others")
	}
	untouched := contentOf(t, b)

	said := b.command("migrate", "--to", target)
	for _, want := range []string{"identities", "Copied ", "and the same", "ends with the head " + head, "DESKBRIDGE_DATABASE_URL", "secret.key"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if _, err = b.try("migrate", "--to", target); err == nil || !strings.Contains(err.Error(), "the database is not empty") {
		t.Errorf("a second time: %v", err)
	}
	if !maps.Equal(untouched, contentOf(t, b)) {
		t.Error("the SQLite database is another one than before")
	}

	address := reserveAddress(t)
	environ := append(slices.Clone(b.environ[:1]), "DESKBRIDGE_LISTEN="+address, "DESKBRIDGE_GRACE=300ms", "DESKBRIDGE_DATABASE_URL="+target)
	p := serveOn(t, address, environ)
	p.command("audit", "verify", "--since", head)
	okta := idp{simulated.NewIdP(strings.Replace(urls.SCIMURL, b.url, p.url, 1), urls.Token)}
	okta.mustPatch(t, "/Users/"+ann, map[string]any{"op": "replace", "path": "name.familyName", "value": "King"})
	bob := okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "bob@acme.example",
		"emails": []map[string]any{{"value": "bob@acme.example", "primary": true}}})
	okta.mustPatch(t, "/Groups/"+okta.mustDo(t, "GET", `/Groups?filter=displayName+eq+"Support"`, nil, 200)["Resources"].([]any)[0].(map[string]any)["id"].(string), addMembers(bob))
	p.synced()
	if status := p.command("status"); !strings.Contains(status, "Nothing needs attention") {
		t.Errorf("status:\n%s", status)
	}
	if access := p.command("explain", "bob@acme.example"); !strings.Contains(access, "agent") {
		t.Errorf("a joiner afterwards:\n%s", access)
	}
	if got := admitted(t, p, secret); got != http.StatusOK {
		t.Errorf("with a session of before: %d", got)
	}
	if got := admitted(t, p, signInAs(t, p)); got != http.StatusOK {
		t.Errorf("with a new session: %d", got)
	}
	p.command("audit", "verify", "--since", head)
}

// moving has a company work for a while.
func moving(t *testing.T, b *bridge) (urls server.ConnectionURLs, ann string) {
	t.Helper()
	urls = commandJSON[server.ConnectionURLs](b, "connection", "add", "acme", "--idp", "okta")
	okta := idp{simulated.NewIdP(urls.SCIMURL, urls.Token)}
	b.apply(`
desks: [{name: support, kind: builtin, settings: {teams: "A,B", mailboxes: Help}}]
rules: [{connection: acme, group: Support, desk: support, role: agent, teams: [A], mailboxes: [Help]}]`)
	ann = okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ann@acme.example",
		"name": map[string]any{"givenName": "Ann\t\\N", "familyName": "Lovelace\nÅ"}, "emails": []map[string]any{{"value": "ann@acme.example", "primary": true}}})
	okta.group(t, "Support", ann)
	b.synced()
	return urls, ann
}

// signInAs signs ann in, and returns what her browser keeps.
func signInAs(t *testing.T, b *bridge) string {
	t.Helper()
	conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	login := provisiontest.LoginOf("ann")
	login.UserName, login.Email = "ann@acme.example", "ann@acme.example"
	_, _, secret, err := b.sys.Core.SignIn.SignIn(t.Context(), conn.ID, provisiontest.ByTest, signin.SignInRequest{Login: login,
		Session: provision.Session{Agent: "a browser", EndsAt: time.Now().Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// admitted returns what a reverse proxy is told of a browser.
func admitted(t *testing.T, b *bridge, secret string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/sso/forward-auth?desk=support", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "deskbridge_session", Value: secret})
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestMoveLosesNoColumn fills every column of every table, moves, and compares
// row by row.
func TestMoveLosesNoColumn(t *testing.T) {
	target := storetest.EmptyPostgres(t)
	b := newBridge(t)
	moving(t, b)
	signInAs(t, b)
	err := b.sys.Store.SaveDesk(t.Context(), provision.Desk{ID: "sealed", Name: "sealed", Kind: "none", Secret: "x", CreatedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	b.stop()
	db := embedded(t, b)
	fill(t, db)
	tables := rowsOf(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`, "name")
	change := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	change(`UPDATE tokens SET name = 'secret' || char(0) || name`) // which PostgreSQL does not take
	out, err := b.try("migrate", "--to", target, "--json")
	if err == nil || !strings.Contains(err.Error(), "COPY tokens, line 1") || strings.Contains(err.Error(), "secret") || !strings.Contains(out, "Nothing was copied") {
		t.Errorf("what cannot be copied: %v, %s", err, out)
	}
	if n := countOf(t, target, `SELECT count(*) FROM connections`); n != 0 {
		t.Errorf("%d connections came before the copy failed", n)
	}
	change(`UPDATE tokens SET name = substr(name, 8)`)
	b.command("migrate", "--to", target, "--json")

	postgres, err := sql.Open("pgx", target)
	if err != nil {
		t.Fatal(err)
	}
	defer postgres.Close()
	compared := 0
	for _, row := range tables {
		table := row["name"].(string)
		if slices.Contains([]string{"goose_db_version", "builtin_goose_version", "river_migration", "river_leader"}, table) {
			continue // which each database has for itself
		}
		was, is := everything(t, db, table), everythingThere(t, postgres, table)
		if len(was) == 0 || len(was) != len(is) {
			t.Errorf("%s: %d rows, there %d", table, len(was), len(is))
			continue
		}
		compared++
		for i, row := range was {
			for column, value := range row {
				if !sameValue(value, is[i][column]) {
					t.Errorf("%s.%s of row %d: %v, there %s", table, column, i+1, value, is[i][column])
				}
			}
			if len(row) != len(is[i]) {
				t.Errorf("%s: %d columns, there %d", table, len(row), len(is[i]))
			}
		}
	}
	if compared < 40 {
		t.Errorf("only %d tables were compared", compared)
	}
	for _, sequence := range [][2]string{{"audit", "audit_id_seq"}, {"members", "members_id_seq"}, {"steps", "steps_id_seq"}, {"river_job", "river_job_id_seq"}} {
		last, highest := countOf(t, target, `SELECT last_value FROM `+sequence[1]), countOf(t, target, `SELECT max(id) FROM `+sequence[0])
		if last < highest || last < int(rowsOf(t, db, `SELECT seq FROM sqlite_sequence WHERE name = '`+sequence[0]+`' UNION ALL SELECT 0 AS seq`, "seq")[0]["seq"].(int64)) {
			t.Errorf("%s goes on after %d, of %d", sequence[1], last, highest)
		}
	}
}

// fill sees to it that every column of every table has something in it
// somewhere, as far as the tables allow.
func fill(t *testing.T, db *sql.DB) {
	t.Helper()
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, row := range rowsOf(t, db, `SELECT name FROM sqlite_master WHERE type = 'trigger'`, "name") {
		exec(`DROP TRIGGER ` + row["name"].(string))
	}
	exec(`PRAGMA foreign_keys = 1`)
	waiting := rowsOf(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`, "name")
	for round := 0; len(waiting) > 0; round++ { // what refers to others comes after them
		var later []map[string]any
		for _, row := range waiting {
			if !fillTable(t, db, row["name"].(string)) {
				later = append(later, row)
			}
		}
		if waiting = later; round > 9 {
			t.Fatalf("these tables cannot be filled: %v", waiting)
		}
	}
}

// allowed are values for columns that do not take any.
var allowed = map[string]string{
	"status": `'active'`, "kind": `'identity'`, "one": `1`, "role": `'admin'`, "state": `'completed'`, "builtin_conversations.team": `NULL`,
	"identity_id": `(SELECT id FROM identities)`, "river_job.errors": `jsonb('[{"at":"2026-01-01T00:00:00Z","error":"\"x\" {} \\ ,"}]')`, "river_job.tags": `jsonb('["a,b","c\"d"]')`,
	"river_job.attempted_by": `jsonb('["me \\ x"]')`, "river_job.unique_states": `0xA5`, "river_job.priority": `2`, "river_leader.name": `'default'`, "read_only": `1`, "is_primary": `1`, "seat": `1`, "has_access": `1`, "tried": `1`, "api_answers.status": `201`, "requests.status": `409`, "late": `'1-2,4'`, "missing": `'3'`,
	"connections.sign_in": aSecret, "desks.secret": aSecret, "desks.sign_in": aSecret, "keys.private": aSecret, "owners.secret": aSecret, "alarm_targets.address": aSecret, "alarm_targets.secret": aSecret, "sign_in_grants.token": aSecret,
}

const aSecret = `(SELECT secret FROM desks WHERE id = 'sealed')`

// fillTable returns false when a table has to wait for another one.
func fillTable(t *testing.T, db *sql.DB, table string) bool {
	t.Helper()
	parents := map[string]string{}
	for _, ref := range rowsOf(t, db, `SELECT "table" AS parent, "from" AS child, "to" AS key FROM pragma_foreign_key_list('`+table+`')`, "parent", "child", "key") {
		if n := rowsOf(t, db, `SELECT count(*) AS n FROM "`+ref["parent"].(string)+`"`, "n")[0]["n"].(int64); n == 0 {
			return false
		}
		parents[ref["child"].(string)] = fmt.Sprintf(`(SELECT %q FROM %q ORDER BY rowid LIMIT 1)`, ref["key"], ref["parent"])
	}
	var names, values, sets []string
	columns := rowsOf(t, db, `SELECT name, upper(type) AS type FROM pragma_table_info('`+table+`')`, "name", "type")
	for _, col := range columns {
		name, value := col["name"].(string), ""
		switch typ := col["type"].(string); {
		case allowed[table+"."+name] != "":
			value = allowed[table+"."+name]
		case parents[name] != "":
			value = parents[name]
		case allowed[name] != "":
			value = allowed[name]
		case typ == "BLOB" && strings.HasPrefix(table, "river"):
			value = `jsonb('{"a":[1.5,"x\\y\tz"]}')`
		case typ == "TEXT" && slices.Contains(documents[table], name):
			value = `'{"a\tb":["\\N",1.50,"ü"]}'`
		case typ == "TEXT":
			value = `'\N' || char(9) || '"' || char(10) || 'ü\x' || char(13) || '` + table + `'`
		case typ == "BLOB":
			value = `x'00ff5c0a09'`
		case typ == "TIMESTAMP":
			value = `'2026-11-30 07:43:25.123'`
		case typ == "REAL":
			value = `0.1`
		case typ == "BOOLEAN":
			value = `1`
		default:
			value = `41`
		}
		names, values = append(names, strconv.Quote(name)), append(values, value)
		if n := rowsOf(t, db, fmt.Sprintf(`SELECT count(*) AS n FROM %q WHERE %q IS NOT NULL AND %q NOT IN ('', 0, '{}', '[]')`, table, name, name), "n")[0]["n"].(int64); n == 0 {
			sets = append(sets, fmt.Sprintf(`%q = %s`, name, value))
		}
	}
	statement := fmt.Sprintf(`INSERT INTO %q (%s) VALUES (%s)`, table, strings.Join(names, ", "), strings.Join(values, ", "))
	if len(sets) < len(names) { // it has a row
		if len(sets) == 0 {
			return true
		}
		statement = fmt.Sprintf(`UPDATE %q SET %s WHERE %s = (SELECT max(%s) FROM %q)`, table, strings.Join(sets, ", "), names[0], names[0], table)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return true
}

// documents are the columns that hold JSON.
var documents = map[string][]string{
	"connections": {"domains"}, "identities": {"profile", "emails", "attributes", "document", "claimed_groups", "requested"}, "groups": {"document"},
	"desks": {"settings", "hand_over"}, "rules": {"teams", "mailboxes"}, "accounts": {"wanted", "profile", "granted", "transfer"}, "steps": {"detail"},
	"owners": {"recovery"}, "audit": {"detail"},
}

// sameValue reports whether a value of SQLite is what PostgreSQL has as JSON.
func sameValue(was any, is json.RawMessage) bool {
	var there any
	decoder := json.NewDecoder(bytes.NewReader(is))
	decoder.UseNumber()
	if decoder.Decode(&there) != nil {
		return false
	}
	switch v := was.(type) {
	case nil:
		return there == nil
	case float64:
		n, ok := there.(json.Number)
		return ok && n.String() == strconv.FormatFloat(v, 'g', -1, 64)
	case int64:
		switch there := there.(type) {
		case bool:
			return there == (v == 1)
		case string: // bits
			n, err := strconv.ParseInt(there, 2, 64)
			return err == nil && n == v
		default:
			return fmt.Sprint(there) == fmt.Sprint(v)
		}
	case []byte:
		return there == `\x`+hex.EncodeToString(v)
	case string:
		if text, ok := there.(string); ok {
			one, err := time.Parse("2006-01-02 15:04:05.999999999", v)
			other, failed := time.Parse("2006-01-02T15:04:05.999999999-07:00", text)
			return text == v || err == nil && failed == nil && one.Equal(other)
		}
		var document any
		decoder := json.NewDecoder(strings.NewReader(v))
		decoder.UseNumber()
		if decoder.Decode(&document) != nil {
			return false
		}
		if list, ok := document.([]any); ok && strings.Contains(string(is), `"error"`) { // jsonb writes it its own way
			return fmt.Sprint(list) == fmt.Sprint(there)
		}
		return fmt.Sprint(document) == fmt.Sprint(there)
	}
	return false
}

// everything returns the rows of a table of SQLite, JSON as text.
func everything(t *testing.T, db *sql.DB, table string) []map[string]any {
	t.Helper()
	var names, reads []string
	for _, col := range rowsOf(t, db, `SELECT name, upper(type) AS type FROM pragma_table_info('`+table+`')`, "name", "type") {
		name := col["name"].(string)
		names = append(names, name)
		read := `+"` + name + `"`
		if col["type"] == "BLOB" && strings.HasPrefix(table, "river") && name != "unique_key" {
			read = `json("` + name + `")`
		}
		reads = append(reads, read)
	}
	return rowsOf(t, db, `SELECT `+strings.Join(reads, ", ")+` FROM "`+table+`"`, names...)
}

// everythingThere returns the rows of a table of PostgreSQL, in the order in
// which they came.
func everythingThere(t *testing.T, db *sql.DB, table string) (out []map[string]json.RawMessage) {
	t.Helper()
	for _, row := range rowsOf(t, db, `SELECT row_to_json(t)::text FROM "`+table+`" t ORDER BY ctid`, "row") {
		columns := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(row["row"].(string)), &columns); err != nil {
			t.Fatal(err)
		}
		out = append(out, columns)
	}
	return out
}

// rowsOf returns the rows of a query, by these names.
func rowsOf(t *testing.T, db *sql.DB, query string, names ...string) (out []map[string]any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		row := make(map[string]any)
		for i, name := range names {
			row[name] = values[i]
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// embedded opens the SQLite database of a bridge.
func embedded(t *testing.T, b *bridge) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(strings.TrimPrefix(b.environ[0], "DESKBRIDGE_DATA_DIR="), "deskbridge.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// contentOf returns the files of a data directory, locks aside.
func contentOf(t *testing.T, b *bridge) map[string]string {
	t.Helper()
	files := map[string]string{}
	dir := strings.TrimPrefix(b.environ[0], "DESKBRIDGE_DATA_DIR=")
	for _, name := range []string{"deskbridge.db", "secret.key"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	if info, err := os.Stat(filepath.Join(dir, "deskbridge.db-wal")); err == nil && info.Size() > 0 {
		t.Error("something is left in the write-ahead log")
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func inPostgres(t *testing.T, url, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

func countOf(t *testing.T, url, query string) (n int) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
