package reference

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// maxConns is how many connections the lean server keeps to PostgreSQL: as many
// as Deskbridge does.
const maxConns = 20

type userRow struct {
	ID         string `gorm:"primaryKey"`
	UserName   string // folded
	ExternalID *string
	Document   string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

func (userRow) TableName() string { return "lean_users" }

type emailRow struct {
	UserID string
	Value  string // folded
}

func (emailRow) TableName() string { return "lean_emails" }

type groupRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (groupRow) TableName() string { return "lean_groups" }

type memberRow struct {
	GroupID  string
	MemberID string
}

func (memberRow) TableName() string { return "lean_members" }

const leanSchema = `
	CREATE TABLE IF NOT EXISTS lean_users (id text PRIMARY KEY, user_name text NOT NULL UNIQUE, external_id text UNIQUE,
		document text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
	CREATE TABLE IF NOT EXISTS lean_emails (user_id text NOT NULL REFERENCES lean_users (id), value text NOT NULL);
	CREATE INDEX IF NOT EXISTS lean_emails_value ON lean_emails (value);
	CREATE INDEX IF NOT EXISTS lean_emails_user ON lean_emails (user_id);
	CREATE TABLE IF NOT EXISTS lean_groups (id text PRIMARY KEY, name text NOT NULL UNIQUE,
		created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
	CREATE TABLE IF NOT EXISTS lean_members (group_id text NOT NULL REFERENCES lean_groups (id), member_id text NOT NULL,
		PRIMARY KEY (group_id, member_id));
	CREATE INDEX IF NOT EXISTS lean_members_member ON lean_members (member_id);`

// Lean returns a server on the PostgreSQL database at dsn, with its tables made.
func Lean(ctx context.Context, base, token, dsn string) (http.Handler, error) {
	db, err := gorm.Open(postgres.Open(dsn), &gorm.Config{Logger: logger.Discard, SkipDefaultTransaction: true, TranslateError: true})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns / 2)
	if err := db.WithContext(ctx).Exec(leanSchema).Error; err != nil {
		return nil, err
	}
	return newServer(base, token, &leanUsers{db}, &leanGroups{db})
}

func (row userRow) resource(groups []groupRow) (scim.Resource, error) {
	var attributes scim.ResourceAttributes
	if err := json.Unmarshal([]byte(row.Document), &attributes); err != nil {
		return scim.Resource{}, err
	}
	if len(groups) > 0 {
		list := make([]any, len(groups))
		for i, g := range groups {
			list[i] = map[string]any{"value": g.ID, "display": g.Name}
		}
		attributes["groups"] = list
	}
	out := scim.Resource{ID: row.ID, Attributes: attributes, Meta: scim.Meta{Created: &row.CreatedAt, LastModified: &row.UpdatedAt}}
	if row.ExternalID != nil {
		out.ExternalID = optional.NewString(*row.ExternalID)
	}
	return out, nil
}
