// Package migrate is the command that brings a database up to date, seals its
// secrets anew, and moves it from SQLite to PostgreSQL.
package migrate
