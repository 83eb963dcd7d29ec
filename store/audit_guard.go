package store

import (
	"context"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/deskbridge/deskbridge/store/migrations"
)

var (
	createTrigger = regexp.MustCompile(`(?s)CREATE TRIGGER (audit_\w+) .*?\nEND;`)
	functionBody  = regexp.MustCompile(`(?s)FUNCTION deskbridge_audit_refuse\(\) .*?AS \$\$(.*?)\$\$;`)
)

// auditGuards returns how our migrations make the guards of the audit log: on
// SQLite each trigger by its name, on PostgreSQL the body of their function.
var auditGuards = map[Dialect]func() map[string]string{
	SQLite: sync.OnceValue(func() map[string]string {
		guards := make(map[string]string)
		for _, up := range auditMigrations(SQLite) {
			for _, m := range createTrigger.FindAllStringSubmatch(up, -1) {
				guards[m[1]] = plain(m[0])
			}
		}
		return guards
	}),
	Postgres: sync.OnceValue(func() map[string]string {
		guards := make(map[string]string)
		for _, up := range auditMigrations(Postgres) {
			if m := functionBody.FindStringSubmatch(up); m != nil {
				guards["deskbridge_audit_refuse"] = plain(m[1])
			}
		}
		return guards
	}),
}

// auditMigrations returns what brings up the tables of the audit log, in order.
func auditMigrations(d Dialect) (ups []string) {
	files, _ := fs.Glob(migrations.Files, string(d)+"/*_audit*.sql") // the pattern is good
	slices.Sort(files)
	for _, file := range files {
		text, _ := fs.ReadFile(migrations.Files, file) // it is embedded
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		ups = append(ups, up)
	}
	return ups
}

// plain returns SQL with single spaces, and without the last semicolon.
func plain(sql string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(sql), " "), ";")
}

// postgresGuards are the triggers of PostgreSQL: their table, tgtype (row 1,
// before 2, insert 4, delete 8, update 16, truncate 32: pg_trigger.h), and
// whether they have a condition.
var postgresGuards = map[string]postgresGuard{
	"audit_rows":            {"audit", 1 + 2 + 8 + 16, false},
	"audit_truncate":        {"audit", 2 + 32, false},
	"audit_sealed":          {"audit", 1 + 2 + 4, true},
	"audit_blocks_rows":     {"audit_blocks", 1 + 2 + 8 + 16, false},
	"audit_blocks_truncate": {"audit_blocks", 2 + 32, false},
	"audit_count_rows":      {"audit_count", 1 + 2 + 4 + 8, false},
	"audit_count_update":    {"audit_count", 1 + 2 + 16, true},
	"audit_count_truncate":  {"audit_count", 2 + 32, false},
}

type postgresGuard struct {
	table     string
	kind      int
	condition bool
}

// Unguarded implements [audit.Store].
func (s *Store) Unguarded(ctx context.Context) ([]string, error) {
	if s.dialect == SQLite {
		return s.unguardedSQLite(ctx)
	}
	return s.unguardedPostgres(ctx)
}

func (s *Store) unguardedSQLite(ctx context.Context) ([]string, error) {
	missing := maps.Clone(auditGuards[SQLite]())
	err := s.each(ctx, `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('audit', 'audit_blocks', 'audit_count')`, nil, func(row scanner) error {
		var name, sql string
		if err := row.Scan(&name, &sql); err != nil {
			return err
		}
		if missing[name] == plain(sql) {
			delete(missing, name)
		}
		return nil
	})
	return slices.Sorted(maps.Keys(missing)), err
}

func (s *Store) unguardedPostgres(ctx context.Context) ([]string, error) {
	missing := maps.Clone(postgresGuards)
	body := auditGuards[Postgres]()["deskbridge_audit_refuse"]
	err := s.each(ctx, `SELECT t.tgname, c.relname, t.tgtype::int, t.tgqual IS NOT NULL, p.prosrc
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
		WHERE t.tgrelid IN ('audit'::regclass, 'audit_blocks'::regclass, 'audit_count'::regclass)
		AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND cardinality(t.tgattr::smallint[]) = 0`, nil, func(row scanner) error {
		var name, source string
		var has postgresGuard
		if err := row.Scan(&name, &has.table, &has.kind, &has.condition, &source); err != nil {
			return err
		}
		if missing[name] == has && plain(source) == body {
			delete(missing, name)
		}
		return nil
	})
	return slices.Sorted(maps.Keys(missing)), err
}
