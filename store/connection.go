package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
)

const connectionTable = "connections"

type connectionRow struct {
	ID         string `gorm:"primaryKey"`
	Name       string
	IdP        string `gorm:"column:idp"`
	Domains    string
	SignIn     string
	JWT        string `gorm:"column:jwt"`
	HeldAt     *int64
	ReleasedAt *int64
	Removal    string
	ValidUntil string
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
}

func (connectionRow) TableName() string { return connectionTable }

func (k *keyring) newConnectionRow(c provision.Connection) (connectionRow, error) {
	var signIn string
	if !c.SignIn.Empty() {
		text, err := toJSON(c.SignIn)
		if err != nil {
			return connectionRow{}, err
		}
		if signIn, err = k.seal(text, connectionTable, string(c.ID)); err != nil {
			return connectionRow{}, err
		}
	}
	var jwt string
	if c.JWT != nil {
		var err error
		if jwt, err = toJSON(c.JWT); err != nil {
			return connectionRow{}, err
		}
	}
	return connectionRow{
		ID:         string(c.ID),
		Name:       c.Name,
		IdP:        string(c.IdP),
		Domains:    toList(c.Domains),
		SignIn:     signIn,
		JWT:        jwt,
		HeldAt:     fromTimePtr(c.HeldAt),
		ReleasedAt: fromTimePtr(c.ReleasedAt),
		Removal:    string(c.Removal),
		ValidUntil: c.ValidUntil,
		CreatedAt:  fromTime(c.CreatedAt),
	}, nil
}

func (k *keyring) connection(row connectionRow) (provision.Connection, error) {
	signIn, err := k.open(row.SignIn, connectionTable, row.ID)
	if err != nil {
		return provision.Connection{}, err
	}
	domains, err := fromList(row.Domains)
	if err != nil {
		return provision.Connection{}, fmt.Errorf("store: connection %s: domains: %w", row.ID, err)
	}
	c := provision.Connection{
		ID:         provision.ConnectionID(row.ID),
		Name:       row.Name,
		IdP:        provision.IdP(row.IdP),
		Domains:    domains,
		HeldAt:     toTimePtr(row.HeldAt),
		ReleasedAt: toTimePtr(row.ReleasedAt),
		Removal:    provision.Removal(row.Removal),
		ValidUntil: row.ValidUntil,
		CreatedAt:  toTime(row.CreatedAt),
	}
	if row.JWT != "" {
		if err := json.Unmarshal([]byte(row.JWT), &c.JWT); err != nil {
			return c, fmt.Errorf("store: connection %s: jwt: %w", row.ID, err)
		}
	}
	if signIn != "" {
		if err := json.Unmarshal([]byte(signIn), &c.SignIn); err != nil {
			return c, fmt.Errorf("store: connection %s: sign-in: %w", row.ID, err)
		}
	}
	return c, nil
}

// readConnection is a connection beside the row that it was read from.
type readConnection struct {
	row connectionRow
	is  provision.Connection
}

const (
	mostRead = 1000 // connections
	readFor  = time.Minute
)

// connection is [keyring.connection] for what looks one up at each request: a row
// that says to the letter what it said a moment ago is not opened and read again.
// Settings are sealed with a nonce that no write uses twice, so that equal rows are
// equal settings, also after the database has gone back in time. What comes of it is
// shared by all who ask, and must not be changed; [Store.LockConnection] returns what may.
func (sh *shared) connection(row connectionRow) (provision.Connection, error) {
	if last, ok := sh.read.Last(row.ID); ok && reflect.DeepEqual(last.row, row) {
		return last.is, nil
	}
	c, err := sh.keys.connection(row)
	if err == nil {
		sh.read.Note(row.ID, readConnection{row, c})
	}
	return c, err
}

// oneConnection finds a connection past gorm: each request of a sign-in does. An
// id is preferred, as by [byNameOrID].
var oneConnection = `SELECT ` + columnsOf(&connectionRow{}) + ` FROM connections WHERE id = $1 OR name = $1
	ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1`

// Connection returns the connection with this id, else with this name. It is shared; see [shared.connection].
func (s *Store) Connection(ctx context.Context, nameOrID string) (provision.Connection, error) {
	var found connectionRow
	if err := s.each(ctx, oneConnection, []any{nameOrID}, found.read); err != nil {
		return provision.Connection{}, translateRead(err, "connection")
	}
	return s.foundConnection(found)
}

// ConnectionAhead implements [settings.Store].
func (s *Store) ConnectionAhead(ctx context.Context, nameOrID string, judge func(provision.Connection, error) error) (context.Context, func() error) {
	a := &ahead{store: s, sql: oneConnection, args: []any{nameOrID}, ask: func() (func(scanner) error, func() error) {
		var found connectionRow
		return found.read, func() error { return judge(s.foundConnection(found)) }
	}}
	return a.under(ctx)
}

func (row *connectionRow) read(from scanner) error {
	return from.Scan(&row.ID, &row.Name, &row.IdP, &row.Domains, &row.SignIn, &row.JWT, &row.HeldAt, &row.ReleasedAt, &row.Removal, &row.ValidUntil, &row.CreatedAt)
}

// foundConnection returns the connection of a row that was looked for.
func (sh *shared) foundConnection(row connectionRow) (provision.Connection, error) {
	if row.ID == "" {
		return provision.Connection{}, translate(gorm.ErrRecordNotFound, "connection")
	}
	return sh.connection(row)
}

// LockConnection implements [signin.Store].
func (s *Store) LockConnection(ctx context.Context, id provision.ConnectionID) (provision.Connection, error) {
	c, err := s.takeConnection(locked(s.write(ctx)).Where("id = ?", string(id)))
	if err == nil {
		s.order.note(rankConnection, string(id))
	}
	return c, err
}

func (s *Store) takeConnection(db *gorm.DB) (provision.Connection, error) {
	var row connectionRow
	if err := db.Take(&row).Error; err != nil {
		return provision.Connection{}, translateRead(err, "connection")
	}
	return s.keys.connection(row)
}

// Connections implements [directory.Store].
func (s *Store) Connections(ctx context.Context) ([]provision.Connection, error) {
	var rows []connectionRow
	if err := s.read(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.connection)
}

// SaveConnection implements [settings.Store].
func (s *Store) SaveConnection(ctx context.Context, c provision.Connection) error {
	row, err := s.keys.newConnectionRow(c)
	if err != nil {
		return err
	}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "connection")
}

// byNameOrID prefers the id: a name may look like the id of another.
func byNameOrID(db *gorm.DB, nameOrID string) *gorm.DB {
	return db.Where("id = ? OR name = ?", nameOrID, nameOrID).
		Order(clause.OrderBy{Expression: clause.Expr{SQL: "CASE WHEN id = ? THEN 0 ELSE 1 END", Vars: []any{nameOrID}}})
}

// upsert makes a Create replace the row that has the same id.
func upsert(db *gorm.DB) *gorm.DB {
	return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true})
}

// convert returns rows as domain types.
func convert[R, T any](rows []R, one func(R) (T, error)) ([]T, error) {
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		v, err := one(row)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
