/*
 * A session's log, its followers, and its takeover, after docs/relay.md: "A write", "Changing followers", "Lease" and
 * "Takeover of a session". docs/model.md says what is left out, and why that loses nothing.
 *
 * How it is written down:
 *  - Each alternative of a process is one atomic step; between any two steps anything else may happen. A process that
 *    is frozen or has crashed is one that takes no more steps, so both are among the interleavings at every point.
 *  - A message that was ever sent may be received at any later time, any number of times, in any order, or never. So
 *    there are no channels: "frame n is on its way to f" is `n <= app`, "f's acknowledgement of n is on its way" is
 *    `n <= last(dur[f])`.
 *  - Sets of records are bit masks, and so are sets of followers.
 *
 * What is defined from outside, with what it is otherwise:
 *   N 2           records that the leader appends (at most 3)
 *   E 2           takeovers that are begun
 *   NO_UPLOAD     the leader uploads nothing while it is open
 *   SYNC_AT_ONCE  followers write and sync in one step
 *   CHANGE        the leader changes its followers once, from SET0 to SET1, with quorums Q0, Q1 and seal quorums S0, S1
 *   LEASE         reads, and time: T 3 ticks, of which a lease lasts D 2
 * and the names of broken variants, each described where it stands.
 */

#ifndef N
#define N 2
#endif
#ifndef E
#define E 2
#endif
#ifndef SET0
#define SET0 7          /* followers 0, 1, 2 */
#endif
#ifndef Q0
#define Q0 2
#endif
#ifndef S0
#define S0 2
#endif
#ifndef SET1
#define SET1 11         /* followers 0, 1, 3 */
#endif
#ifndef Q1
#define Q1 2
#endif
#ifndef S1
#define S1 2
#endif
#ifndef T
#define T 3
#endif
#ifndef D
#define D 2
#endif

#ifdef CHANGE
#define F 4
#else
#define F 3
#endif

#define upTo(k)     ((1 << (k)) - 1)
#define last(m)     ((m) >= 4 -> 3 : ((m) >= 2 -> 2 : ((m) >= 1 -> 1 : 0)))
#define isPrefix(m) (((m) & ((m) + 1)) == 0)
#define in(set, f)  (((set) >> (f)) & 1)
#define size(set)   (in(set, 0) + in(set, 1) + in(set, 2) + in(set, 3))

/* ---- the leader, a session called A ---- */
byte app;               /* records appended */
byte conf;              /* records confirmed */
byte ack[F];            /* what it knows its followers to hold */
byte put;               /* records whose upload has happened, and of which followers may have heard that */

/* ---- followers ---- */
byte wr[F];             /* written, perhaps not durable */
byte dur[F];            /* durable; survives a restart */
byte forgot[F];         /* records up to this have been dropped */
byte sealed;            /* who has made the seal durable */
#ifdef SEAL_ANSWER_STALE /* broken: the answer to the seal leaves out what is written, not yet synced, and will be acknowledged */
byte reply[F];
#endif

/* ---- the bucket ---- */
#define OPEN 0
#define RECOVERING 1
#define SEALED 2
byte state;             /* the session record's */
byte recoverer;
byte attempts;
byte bundles;           /* records in the session's bundles */
byte found;             /* records that the takeover that ended found */

/* ---- takeovers ---- */
byte asked;             /* followers that have been sent a seal */
bit claimed;            /* another session has taken the object... */
byte base;              /* ...and this is what it found of it */
bit newWrite;           /* ...and has confirmed a write of its own */

#ifdef CHANGE
#define OLD 0
#define JOINT 1
#define NEW 2
byte mode;              /* whose quorums the leader asks for */
byte before;            /* what was confirmed when JOINT began */
bit generation;         /* which set the session record names */
bit swapSent;           /* the swap is on its way; it may arrive long after the leader has given up waiting for it */
bit swapped;            /* the bucket has answered it with success */
#define setOf(g)   ((g) -> SET1 : SET0)
#define sealOf(g)  ((g) -> S1 : S0)
#else
#define setOf(g)   SET0
#define sealOf(g)  S0
#endif

#ifdef LEASE
byte now = D;           /* so that 0 is "long ago" */
byte heard[F];          /* when the follower received what it last granted a lease for */
byte lease[F];          /* the newest sending time that it has acknowledged, and so the newest that the leader may know of */
#ifdef LEASE_FROM_RECEIPT /* broken: the lease counts from when the acknowledgement came, not from when it was asked for */
bit onItsWay[F];
#endif
/* Of reads only those matter that run after another session has confirmed a write: no answer to one of them may leave. */
bit reading;            /* one has run */
byte readSeq;           /* ...and saw this record */
bit readWaits;          /* ...which was not confirmed then */
#ifdef LEASE_BEFORE_READ /* broken: the lease is looked at before the read runs, and not when its answer leaves */
bit leaseSeen;
#endif
#endif

#define holding0(k) (in(SET0, 0) * (ack[0] >= (k)) + in(SET0, 1) * (ack[1] >= (k)) + in(SET0, 2) * (ack[2] >= (k)))
#define holding1(k) (in(SET1, 0) * (ack[0] >= (k)) + in(SET1, 1) * (ack[1] >= (k)) + in(SET1, 2) * (ack[2] >= (k)) + in(SET1, 3) * (ack[3] >= (k)))

#ifndef CHANGE
#define quorumHolds(k) (holding0(k) >= Q0)
#else
#ifdef NO_JOINT         /* broken: the old quorum alone confirms until the outcome of the swap is known */
#define quorumHolds(k) (mode == NEW -> holding1(k) >= Q1 : holding0(k) >= Q0)
#else
#define quorumHolds(k) (mode == OLD -> holding0(k) >= Q0 : (mode == NEW -> holding1(k) >= Q1 : (holding0(k) >= Q0 && holding1(k) >= Q1)))
#endif
#endif

#ifdef LEASE
#define valid(f)    (lease[f] > 0 && now < lease[f] + D)
#define leases0     (in(SET0, 0) * valid(0) + in(SET0, 1) * valid(1) + in(SET0, 2) * valid(2))
#define leases1     (in(SET1, 0) * valid(0) + in(SET1, 1) * valid(1) + in(SET1, 2) * valid(2) + in(SET1, 3) * valid(3))
#ifndef LEASES
#define LEASES Q0
#endif
#ifndef CHANGE
#define leaseHeld (leases0 >= LEASES)
#else
#ifdef NO_JOINT_LEASE   /* broken: while the outcome of the swap is unknown, the old quorum's lease is enough for reads */
#define leaseHeld (mode == NEW -> leases1 >= Q1 : leases0 >= Q0)
#else
#define leaseHeld (mode == OLD -> leases0 >= Q0 : (mode == NEW -> leases1 >= Q1 : (leases0 >= Q0 && leases1 >= Q1)))
#endif
#endif
#endif

/* What must hold whenever something is confirmed, sealed or claimed. */
inline check() {
    assert(isPrefix(bundles));
    assert(state != SEALED || conf <= found);
    assert(state != SEALED || found <= app);
    assert(!claimed || conf <= last(base))
}

#ifdef ACK_BEFORE_DURABLE /* broken: a follower acknowledges what it has written and not yet synced */
#define acknowledges(f) last(wr[f])
#else
#define acknowledges(f) last(dur[f])
#endif

inline hearAck(f) {
    d_step { ack[f] < acknowledges(f) -> ack[f]++ }
}

active proctype Leader() {
    do
    :: d_step { app < N -> app++ }
    :: hearAck(0)
    :: hearAck(1)
    :: hearAck(2)
#ifdef CHANGE
    :: hearAck(3)
#endif
    :: d_step { conf < app && quorumHolds(conf + 1) -> conf++; check() }

    /* Upload, a record at a time so that every shorter bundle is among the runs. */
#ifndef NO_UPLOAD
    :: d_step { put < conf -> bundles = bundles | (1 << put); put++; check() }
#endif

#ifdef CHANGE
    /* From just before the swap both quorums are asked for. */
    :: d_step { mode == OLD && !swapSent -> mode = JOINT; before = conf }
    /* The swap goes out when a quorum of the new set holds everything that was confirmed by the old set alone. */
#ifdef NEWCOMER_ONLY    /* broken where the set shrinks: it is enough that the newcomers hold it */
    :: d_step { mode == JOINT && !swapSent && (!in(SET1, 3) || ack[3] >= before) -> swapSent = 1 }
#else
#ifdef EMPTY_NEWCOMER   /* broken: nobody asks what the new set holds */
    :: d_step { mode == JOINT && !swapSent -> swapSent = 1 }
#else
    :: d_step { mode == JOINT && !swapSent && (before == 0 || holding1(before) >= Q1) -> swapSent = 1 }
#endif
#endif
    /* Success, from the answer or from reading the record back. A conflict means that the record is not open any more:
       the leader is fenced, which here is to stay in JOINT for ever. */
    :: d_step { mode == JOINT && generation == 1 -> mode = NEW }
#ifdef BELIEVE_READ_BACK /* broken: the swap's outcome is unknown, the record still has the old set, so "it has failed" */
    :: d_step { mode == JOINT && swapSent && state == OPEN && generation == 0 -> mode = OLD }
#endif
#endif

#ifdef LEASE
#ifdef LEASE_FROM_RECEIPT
    :: d_step { onItsWay[0] -> onItsWay[0] = 0; lease[0] = now }
    :: d_step { onItsWay[1] -> onItsWay[1] = 0; lease[1] = now }
    :: d_step { onItsWay[2] -> onItsWay[2] = 0; lease[2] = now }
#endif
    :: d_step { newWrite && !reading -> reading = 1; readSeq = app; readWaits = (app > conf) }
#ifdef LEASE_BEFORE_READ
    :: d_step { !reading && !leaseSeen && leaseHeld -> leaseSeen = 1 }
    :: d_step { reading && conf >= readSeq && leaseSeen -> assert(0) }
#else
    :: d_step { reading && conf >= readSeq && leaseHeld -> assert(0) }
#endif
#ifdef WAITING_READ     /* broken: a read that waited for an earlier write is answered without a lease */
    :: d_step { reading && conf >= readSeq && readWaits -> assert(0) }
#endif
#ifdef WITNESS_LEASE
    :: d_step { leaseHeld && size(sealed) > 1 -> assert(0) }
#endif
#endif
    od
}

#ifdef LEASE
#define restartLease(f) heard[f] = now
#ifdef RESTART_WITHOUT_LEASE /* broken: a follower that restarts thinks that it has granted nothing */
#undef restartLease
#define restartLease(f) heard[f] = 0
#endif
#else
#define restartLease(f) skip
#endif

#ifdef LEASE_FROM_RECEIPT
#define grant(f, sent) onItsWay[f] = 1
#else
#define grant(f, sent) lease[f] = sent
#endif

#ifdef LEASE
/* Times that do not matter any more are all one: long ago. */
inline expire(f) {
    heard[f] = (now >= heard[f] + D -> 0 : heard[f]);
    lease[f] = (now >= lease[f] + D -> 0 : lease[f])
}
#endif

#ifdef SYNC_AT_ONCE
#define synced(f)   dur[f] = wr[f]
#else
#define synced(f)   skip
#endif

inline follower(f) {
    if
    /* The frame after the last one that it has. */
#ifdef ACCEPT_GAP       /* broken: any frame is taken */
    :: d_step { !in(sealed, f) && app >= 1 && !(wr[f] & 1) -> wr[f] = wr[f] | 1 }
    :: d_step { !in(sealed, f) && app >= 2 && !(wr[f] & 2) -> wr[f] = wr[f] | 2 }
#else
    :: d_step { !in(sealed, f) && last(wr[f]) < app -> wr[f] = wr[f] | (1 << last(wr[f])); synced(f) }
#endif
    :: d_step { wr[f] != dur[f] -> dur[f] = wr[f] }
    /* A crash and a restart: what was not synced is gone. */
#ifdef SEAL_NOT_DURABLE /* broken: the seal is answered before it is durable */
    :: d_step { in(sealed, f) || wr[f] != dur[f] -> wr[f] = dur[f]; sealed = sealed & ~(1 << f) }
#else
    :: d_step { wr[f] != dur[f] -> wr[f] = dur[f]; restartLease(f) }
#endif
    /* What is uploaded counts as held, and need not be kept. */
    :: d_step { forgot[f] < put -> forgot[f] = put;
        if
        :: !in(sealed, f) -> wr[f] = wr[f] | upTo(put); dur[f] = dur[f] | upTo(put)
        :: else
        fi }
    /* The seal: one more sync, after what has been written. */
    :: d_step { in(asked, f) && !in(sealed, f) ->
#ifdef SEAL_ANSWER_STALE
        reply[f] = dur[f];
#endif
        dur[f] = wr[f];
        sealed = sealed | (1 << f) }
#ifdef LEASE
    /* A heartbeat of now, or one that was under way for a tick. */
    :: d_step { !in(sealed, f) && heard[f] < now -> heard[f] = now; grant(f, now) }
    :: d_step { !in(sealed, f) && heard[f] < now && lease[f] < now - 1 -> heard[f] = now; grant(f, now - 1) }
    :: d_step { wr[f] == dur[f] && heard[f] < now -> restartLease(f) }
#endif
    fi
}

active proctype Followers() {
    do
    :: follower(0)
    :: follower(1)
    :: follower(2)
#ifdef CHANGE
    :: follower(3)
    :: d_step { swapSent && !swapped && state == OPEN -> generation = 1; swapped = 1 }
#endif
#ifdef LEASE
    :: d_step { now < D + T -> now++; expire(0); expire(1); expire(2);
#ifdef CHANGE
        expire(3)
#endif
    }
#endif
    od
}

#ifdef SKIP_SEAL        /* broken: followers are asked what they hold, and not to stop */
#define answers(f) 1
#else
#define answers(f) in(sealed, f)
#endif

#ifdef SEAL_ANSWER_STALE
#define held(f)    reply[f]
#else
#define held(f)    dur[f]
#endif
#define highest(f) (top > last(held(f)) -> top : last(held(f)))

#if defined(LEASE) && !defined(LEASE_IGNORED) /* broken without: the takeover does not wait for leases that may be in use */
#define over(f)    (!in(got, f) || heard[f] == 0 || now >= heard[f] + D)
#ifdef CHANGE
#define leasesOver (over(0) && over(1) && over(2) && over(3))
#else
#define leasesOver (over(0) && over(1) && over(2))
#endif
#else
#define leasesOver 1
#endif

/* B and C. A swap of theirs whose outcome is unknown needs no steps of its own: they do nothing on failure but start over. */
proctype Recoverer(byte me) {
    byte members;       /* the set in the record that it swapped */
    byte need;
    byte got;           /* who has answered the seal */
    byte read;          /* whom it has read */
    byte top;           /* the highest record that any of them holds */
    byte data;
    bit swept;

start:
    atomic { members = 0; need = 0; got = 0; read = 0; top = 0; data = 0 }
    /* 1. From open, or from another that recovers, to recovering. The two differ in nothing, so let 1 be the first. */
    d_step { state != SEALED && attempts < E && !(state == RECOVERING && recoverer == me) && (attempts > 0 || me == 1) ->
        attempts++; state = RECOVERING; recoverer = me;
        members = setOf(generation); need = sealOf(generation);
        asked = asked | members }
#ifdef CLAIM_BEFORE_SEALED /* broken: the object is taken while the session is being recovered */
    if
    :: d_step { !claimed -> claimed = 1; base = bundles; check() }
    :: skip
    fi;
#endif

    /* 2. A seal quorum. */
    do
    :: d_step { size(got) < need && in(members, 0) && !in(got, 0) && answers(0) -> got = got | 1; top = highest(0) }
    :: d_step { size(got) < need && in(members, 1) && !in(got, 1) && answers(1) -> got = got | 2; top = highest(1) }
    :: d_step { size(got) < need && in(members, 2) && !in(got, 2) && answers(2) -> got = got | 4; top = highest(2) }
#ifdef CHANGE
    :: d_step { size(got) < need && in(members, 3) && !in(got, 3) && answers(3) -> got = got | 8; top = highest(3) }
#endif
    :: size(got) >= need && leasesOver -> break
    od;

    /* 3. The bundles, then what the followers hold beyond them. */
list:
    atomic { data = bundles; read = 0 }
    do
    :: d_step { in(got, 0) && !in(read, 0) -> read = read | 1; data = data | (held(0) & ~upTo(forgot[0])) }
    :: d_step { in(got, 1) && !in(read, 1) -> read = read | 2; data = data | (held(1) & ~upTo(forgot[1])) }
    :: d_step { in(got, 2) && !in(read, 2) -> read = read | 4; data = data | (held(2) & ~upTo(forgot[2])) }
#ifdef CHANGE
    :: d_step { in(got, 3) && !in(read, 3) -> read = read | 8; data = data | (held(3) & ~upTo(forgot[3])) }
#endif
    :: read == got -> break
    od;
    if
    :: d_step { isPrefix(data) && last(data) >= top ->
        /* 4. One bundle. */
        bundles = bundles | data }
    :: d_step { !(isPrefix(data) && last(data) >= top) ->
        /* A gap, because somebody has forgotten what went into the bucket after the bundles were listed. */
        assert((bundles & ~data) != 0 || state == SEALED || recoverer != me);
#ifdef WITNESS_GAP
        assert(0);
#endif
        skip }
        if
        :: state == RECOVERING && recoverer == me -> goto list
        :: else -> goto start
        fi
    fi;

    /* 5. From recovering to sealed. */
    if
    :: d_step { state == RECOVERING && recoverer == me ->
        state = SEALED; found = last(data);
        check();
#ifdef WITNESS_UNCONFIRMED
        assert(found == conf);
#endif
#ifdef WITNESS_SECOND
        assert(attempts == 1);
#endif
#ifdef WITNESS_NEW_SET
        assert(!(generation == 1 && mode == 2 && conf == N));
#endif
        swept = 1 }
    :: d_step { !(state == RECOVERING && recoverer == me) -> skip }
        goto start
    fi;

    /* The followers may forget the records; not the seal. */
    if
    :: d_step { swept ->
#ifdef FORGET_SEAL      /* broken: they forget the session altogether, so it can start anew with them */
        wr[0] = upTo(put); dur[0] = upTo(put); wr[1] = upTo(put); dur[1] = upTo(put); wr[2] = upTo(put); dur[2] = upTo(put);
        sealed = 0; asked = 0;
#endif
        forgot[0] = N; forgot[1] = N; forgot[2] = N;
#ifdef CHANGE
        forgot[3] = N;
#endif
        swept = 0 }
    :: skip
    fi
}

#if defined(LEASE) || defined(CLAIM_BEFORE_SEALED)
/* Whoever finds the session sealed may take its objects; what it then writes is confirmed by its own followers. */
active proctype Claimer() {
    if
    :: d_step { state == SEALED && !claimed -> claimed = 1; base = bundles; check() }
    :: claimed
    fi;
    d_step { newWrite = 1 }
}
#endif

init {
    atomic { run Recoverer(1); run Recoverer(2) }
}
