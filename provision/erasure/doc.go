// Package erasure forgets people: it decides when what is known of somebody may
// be erased, and what of it (Regulation (EU) 2016/679, Article 17).
//
// Forgotten are people who are removed and whose access has ended everywhere:
// before, what is known of them is needed to end it. What is left is their id,
// for the audit log, whose entries name people by id and are never changed.
package erasure
