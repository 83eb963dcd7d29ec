package store

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/riverqueue/river/rivermigrate"
	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/store/sqlfilter"
)

// Settle sends the writes of a transaction that wait for the next round trip, so
// that a test sees what the database says to them.
func Settle(ctx context.Context, tx *Store) error {
	if tx.pg != nil {
		return tx.pg.send(ctx)
	}
	return nil
}

// LoadForUpdateInSteps and ExistingMatchesInSteps are LoadForUpdate and ExistingMatches as SQLite runs them.
func LoadForUpdateInSteps(ctx context.Context, tx *Store, c provision.ConnectionID, id provision.IdentityID) (directory.ForUpdate, error) {
	return tx.loadForUpdate(ctx, c, id)
}

// ExistingMatchesInSteps is the other.
func ExistingMatchesInSteps(ctx context.Context, tx *Store, c provision.ConnectionID, userName, externalID string, addresses []string) (directory.ExistingMatches, error) {
	return tx.existingMatches(ctx, c, userName, externalID, addresses)
}

// LoadRunInSteps is LoadRun as SQLite runs it.
func LoadRunInSteps(ctx context.Context, tx *Store, a provision.Account, lockConnection bool) (reconcile.Run, []provision.Rule, error) {
	return tx.loadRun(ctx, a, lockConnection)
}

// LoadSignInInSteps is LoadSignIn as SQLite runs it.
func LoadSignInInSteps(ctx context.Context, tx *Store, q signin.Question) (signin.Loaded, error) {
	return tx.loadSignIn(ctx, q)
}

// ForgetLocks has tx check the order of locks as if it began now.
func ForgetLocks(tx *Store) { tx.order = tx.newLockOrder() }

// ExplainIdentities returns how the database would look for the people that q
// asks for.
func (s *Store) ExplainIdentities(ctx context.Context, c provision.ConnectionID, q provision.Query) (string, error) {
	return s.explain(ctx, live(s.read(ctx), c).Model(&identityRow{}), sqlfilter.People, c, q, &[]identityRow{})
}

// ExplainGroups is ExplainIdentities for groups.
func (s *Store) ExplainGroups(ctx context.Context, c provision.ConnectionID, q provision.Query) (string, error) {
	return s.explain(ctx, s.read(ctx).Where("connection_id = ?", string(c)).Model(&groupRow{}), sqlfilter.Groups, c, q, &[]groupRow{})
}

func (s *Store) explain(ctx context.Context, base *gorm.DB, sc *sqlfilter.Scope, c provision.ConnectionID, q provision.Query, dest any) (string, error) {
	base, order, err := selection(s, base, sc, c, q)
	if err != nil {
		return "", err
	}
	return s.plan(ctx, base.Order(order).Limit(q.Limit), dest)
}

// ExplainPeople is ExplainIdentities for what FindPeople looks for.
func (s *Store) ExplainPeople(ctx context.Context, text string) (string, error) {
	return s.plan(ctx, s.byAnyName(ctx, text), &[]identityRow{})
}

// ExplainAudit is ExplainIdentities for FindEntries.
func (s *Store) ExplainAudit(ctx context.Context, f audit.Filter, after audit.Place, limit int) (string, error) {
	return s.plan(ctx, s.auditWhere(ctx, f, after, limit), &[]auditRow{})
}

// ExplainTraces is ExplainIdentities for what goes with somebody who is forgotten,
// and with people and accounts that are deleted, by table.
func (s *Store) ExplainTraces(ctx context.Context, id provision.IdentityID) (map[string]string, error) {
	list := bindIDs([]provision.IdentityID{id})
	plans := make(map[string]string)
	for _, all := range [][]deletion{ofPerson(id), s.ofPeople(list), s.ofAccounts(list)} {
		for _, d := range all {
			plan, err := s.explainSQL(ctx, "DELETE FROM "+d.table+" WHERE "+d.where, d.arg)
			if err != nil {
				return nil, err
			}
			plans[d.table] += plan
		}
	}
	return plans, nil
}

// ExplainAccounts is ExplainIdentities for AccountsWhere.
func (s *Store) ExplainAccounts(ctx context.Context, f provision.AccountFilter) (string, error) {
	return s.plan(ctx, s.accountsWhere(ctx, f), &[]accountRow{})
}

// ExplainCounts is ExplainIdentities for CountAccounts.
func (s *Store) ExplainCounts(ctx context.Context) (string, error) {
	return s.explainSQL(ctx, countAccounts)
}

// ExplainSitters is ExplainIdentities for Sitters and SeatsSince.
func (s *Store) ExplainSitters(ctx context.Context, d provision.DeskID) (string, error) {
	sat, err := s.explainSQL(ctx, literally(sitters, "'"+string(d)+"'", "9000000000000000000"))
	if err != nil {
		return "", err
	}
	since, err := s.explainSQL(ctx, literally(fmt.Sprintf(seatsSince, "", ""), "'"+string(d)+"'"))
	return sat + since, err
}

// ExplainEntriesFor is ExplainIdentities for EntriesFor.
func (s *Store) ExplainEntriesFor(ctx context.Context, actions []provision.Action) (string, error) {
	values := []string{"9000000000000000000", "0", "0", "100"}
	for _, action := range actions {
		values = append(values, "'"+string(action)+"'")
	}
	return s.explainSQL(ctx, literally(entriesFor(len(actions)), values...))
}

// literally puts values for $1, $2, … into a query.
func literally(query string, values ...string) string {
	for i := len(values); i > 0; i-- {
		query = strings.ReplaceAll(query, "$"+strconv.Itoa(i), values[i-1])
	}
	return query
}

func (s *Store) plan(ctx context.Context, query *gorm.DB, dest any) (string, error) {
	statement := query.Session(&gorm.Session{DryRun: true}).Find(dest).Statement
	return s.explainSQL(ctx, statement.SQL.String(), statement.Vars...)
}

func (s *Store) explainSQL(ctx context.Context, statement string, args ...any) (string, error) {
	explain, column := "EXPLAIN ", "QUERY PLAN"
	if s.dialect == SQLite {
		explain, column = "EXPLAIN QUERY PLAN ", "detail"
	}
	var lines []map[string]any
	if err := s.read(ctx).Raw(explain+statement, args...).Scan(&lines).Error; err != nil {
		return "", err
	}
	var plan strings.Builder
	for _, line := range lines {
		text, _ := line[column].(string)
		plan.WriteString(text + "\n")
	}
	return plan.String(), nil
}

// MigrateTo brings the schema down to a version.
func MigrateTo(ctx context.Context, s *Store, version int64) error {
	provider, err := s.goose()
	if err != nil {
		return err
	}
	_, err = provider.DownTo(ctx, version)
	return err
}

// AsOpened has s know no more than a process that has just opened the database.
func AsOpened(s *Store) { s.namesakes.Store(false) }

// LogTo has the store log to l.
func LogTo(s *Store, l *slog.Logger) { s.log = l }

// Exec runs a statement past all rules of the package.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	return s.write(ctx).Exec(statement, args...).Error
}

// Collided is collided, for errors that only two processes can cause.
var Collided = collided

// MigrateJobsTo brings the schema of the queue down to a version of River's.
func MigrateJobsTo(ctx context.Context, s *Store, version int) error {
	queue, err := rivermigrate.New(s.driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = queue.Migrate(ctx, rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: version})
	return err
}

// KeepSignIn puts the text of sign-in options into the row of a connection or
// desk, sealed, as a release before or after this one may have left it there.
func KeepSignIn(ctx context.Context, s *Store, table, id, text string) error {
	location := table
	if table == deskTable {
		location = deskSignInField
	}
	sealed, err := s.keys.seal(text, location, id)
	if err != nil {
		return err
	}
	return s.Exec(ctx, "UPDATE "+table+" SET sign_in = ? WHERE id = ?", sealed, id)
}

// KeptSignIn returns the text of the sign-in options in a connection's row.
func KeptSignIn(ctx context.Context, s *Store, id string) (string, error) {
	var row connectionRow
	if err := s.read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return "", err
	}
	return s.keys.open(row.SignIn, connectionTable, id)
}

// RowsRead returns how many rows of a table a transaction on PostgreSQL has read
// so far, live or not, by whatever plan.
func RowsRead(ctx context.Context, tx *Store, table string) (n int64, _ error) {
	err := tx.read(ctx).Raw(`SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = ?`, table).Scan(&n).Error
	return n, err
}

// RowsInPlace returns how many rows of a table a transaction on PostgreSQL has
// changed so far, and for how many of them no index was written.
func RowsInPlace(ctx context.Context, tx *Store, table string) (changed, inPlace int64, _ error) {
	row := tx.read(ctx).Raw(`SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = ?`, table).Row()
	return changed, inPlace, row.Scan(&changed, &inPlace)
}

// UnavailableOf is unavailable.
func UnavailableOf(err error) error { return unavailable(err) }

// Prepared returns how many insertions into a table the connection of a transaction
// on PostgreSQL keeps.
func Prepared(ctx context.Context, tx *Store, table string) (n int, _ error) {
	err := tx.read(ctx).Raw(`SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE ?`, `INSERT INTO "`+table+`"%`).Scan(&n).Error
	return n, err
}
