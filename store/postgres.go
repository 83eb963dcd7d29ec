package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// maxPostgresConns bounds the connections of one replica.
const maxPostgresConns = 20

// Keys of advisory locks: "desk" in ASCII, and which lock. They are part of the
// contract between releases that share a database.
const (
	lockMigrations int64 = 0x6465736b_00000001
	lockRules      int64 = 0x6465736b_00000002
	lockSeal       int64 = 0x6465736b_00000003
	lockKeys       int64 = 0x6465736b_00000004
	lockBreakGlass int64 = 0x6465736b_00000005
	lockAlarms     int64 = 0x6465736b_00000006
)

// openPostgres opens the database at o.DatabaseURL.
func (sh *shared) openPostgres(ctx context.Context, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(o.DatabaseURL)
	if err != nil { // pgx leaves the password out of it
		return nil, fmt.Errorf("store: DESKBRIDGE_DATABASE_URL: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "deskbridge"
	}
	sh.dialect, sh.sql = Postgres, words[Postgres]
	patient := *config.Copy()
	sh.patient = func() *sql.DB { return stdlib.OpenDB(patient) }
	limitTimes(config, cmp.Or(o.Silence, silenceLimit))
	sh.writer = stdlib.OpenDB(*config)
	sh.reader = sh.writer
	sh.writer.SetMaxOpenConns(maxPostgresConns)
	sh.writer.SetMaxIdleConns(maxPostgresConns) // a new one costs as much as twenty requests
	sh.writer.SetConnMaxIdleTime(5 * time.Minute)
	if err := sh.writer.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("store: connect to PostgreSQL: %w", err)
	}
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: sh.writer}), sh.gormConfig())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := watch(db); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	sh.driver = riverdatabasesql.New(sh.writer)
	return &Store{shared: sh, db: db, reads: db}, nil
}
