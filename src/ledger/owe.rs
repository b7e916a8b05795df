//! How a debt comes to be: what is to be said, once for every receiver that hears it.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::{Result, ms, signals};
use crate::incident::{Incident, Reply, Say};

/// Makes what is to be said a debt to one receiver.
pub(super) async fn owe(
    conn: &mut SqliteConnection,
    incident: &Incident,
    receiver: &str,
    say: &[Say],
    now: Timestamp,
) -> Result<usize> {
    if say.is_empty() {
        return Ok(0);
    }
    if say.contains(&Say::Main) {
        owe_main(conn, incident, receiver, now).await?;
    } else {
        // Whoever hears only now still needs the message that the reply hangs under.
        let main = sqlx::query(
            "SELECT id FROM deliveries WHERE incident_id = $1 AND receiver = $2 AND kind = 'main'",
        )
        .bind(&incident.id)
        .bind(receiver)
        .fetch_optional(&mut *conn)
        .await?;
        if main.is_none() {
            owe_main(conn, incident, receiver, now).await?;
        }
    }
    for say in say {
        if let Say::Reply { reply, broadcast } = say {
            owe_reply(conn, incident, receiver, reply, *broadcast, now).await?;
        }
    }
    Ok(say.len())
}

/// One row for good: a newer state makes it due again, at the earliest when the pause between edits
/// is over.
async fn owe_main(
    conn: &mut SqliteConnection,
    incident: &Incident,
    receiver: &str,
    now: Timestamp,
) -> Result<()> {
    let id = signals::next(conn, "deliveries").await?;
    sqlx::query(
        "INSERT INTO deliveries (id, incident_id, receiver, kind, seq, body, broadcast, wanted_rev, state,
           due_ms, attempts, posts)
         VALUES ($1, $2, $3, 'main', 0, '', 0, 1, 'due', $4, 0, 0)
         ON CONFLICT (incident_id, receiver, kind, seq) DO UPDATE SET
           wanted_rev = deliveries.wanted_rev + 1,
           state = CASE WHEN deliveries.state IN ('sent', 'refused') THEN 'due' ELSE deliveries.state END,
           due_ms = CASE WHEN deliveries.due_ms > excluded.due_ms THEN deliveries.due_ms
                         ELSE excluded.due_ms END",
    )
    .bind(id)
    .bind(&incident.id)
    .bind(receiver)
    .bind(ms(now))
    .execute(conn)
    .await?;
    Ok(())
}

async fn owe_reply(
    conn: &mut SqliteConnection,
    incident: &Incident,
    receiver: &str,
    reply: &Reply,
    broadcast: bool,
    now: Timestamp,
) -> Result<()> {
    let row = sqlx::query(
        "SELECT COALESCE(MAX(seq), 0) AS last FROM deliveries
         WHERE incident_id = $1 AND receiver = $2 AND kind = 'reply'",
    )
    .bind(&incident.id)
    .bind(receiver)
    .fetch_one(&mut *conn)
    .await?;
    let seq = row.try_get::<i64, _>("last")? + 1;
    let id = signals::next(conn, "deliveries").await?;
    sqlx::query(
        "INSERT INTO deliveries (id, incident_id, receiver, kind, seq, body, broadcast, wanted_rev, state,
           due_ms, attempts, posts)
         VALUES ($1, $2, $3, 'reply', $4, $5, $6, 1, 'due', $7, 0, 0)",
    )
    .bind(id)
    .bind(&incident.id)
    .bind(receiver)
    .bind(seq)
    .bind(serde_json::to_string(reply)?)
    .bind(i64::from(broadcast))
    .bind(ms(now))
    .execute(conn)
    .await?;
    Ok(())
}
