/*
 * The ownership record of one object, and its history in the bucket, after docs/relay.md: "What is in the bucket" and
 * "Ownership". Sessions claim the object by its first write, ask each other to release it, and take it from sealed
 * sessions; what each then finds of its history is checked. docs/model.md says what is left out.
 *
 * Written down as takeover.pml is: one alternative, one atomic step, and whoever takes no more steps is frozen or dead.
 * A session's takeover is one step here: takeover.pml shows that it may be thought of so.
 *
 * Requests to the bucket may be given up by who sent them, and happen later all the same: `creating`, `taking` and
 * `giving` are such requests under way. Each is conditional, so it happens at most once.
 *
 * A record is known by session, claim epoch and transaction. Those of one session in one claim are a run, lo + 1 to hi.
 *
 * Defined from outside, with what it is otherwise: S 3 sessions, C 3 claims, W 2 transactions.
 */

#ifndef S
#define S 3
#endif
#ifndef C
#define C 3
#endif
#ifndef W
#define W 2
#endif

#define NOBODY 7
#define of(s, c) ((s) * C + (c) - 1)

byte owner = NOBODY;    /* the ownership record, with... */
byte claim;             /* ...the claim epoch */

byte lo[S * C];         /* a run's records: from after this... */
byte hi[S * C];         /* ...to this, appended */
byte inBundles[S * C];  /* the last of them that is in the session's bundles */
byte inLog[S * C];      /* the last of them that is in the object's own log/ files */
byte shut;              /* sessions that are sealed */
byte gone;              /* sessions whose bundles and record are deleted */

byte confirmed;         /* transactions 1 to this are confirmed... */
byte by[W + 1];         /* ...each by one run */

byte creating;          /* create-if-absent under way */
byte taking[S];         /* swap to this session under way, from this claim; with... */
byte takingFrom[S];     /* ...this owner */
byte giving[S];         /* swap from this session under way, in this claim; with... */
byte givingTo[S];       /* ...this new owner */

byte runs;              /* sessions that have the object in memory */
byte mine[S];           /* the claim that each runs it by; 0 if it has never been written */
byte tx[S];             /* the last transaction that each sees */

#define in(set, s) (((set) >> (s)) & 1)
#define size(set)  (in(set, 0) + in(set, 1) + in(set, 2))

/* The transactions that somebody finds who reads log/, then the bundles of the current owner. */
byte found;
byte who[W + 1];
inline overlay(r, end) {
    if
    :: end > lo[r] ->
        assert(lo[r] <= found);
        t = lo[r] + 1;
        do
        :: t <= end -> who[t] = r; t++
        :: else -> break
        od;
        found = end
    :: else
    fi
}

#define present(s, c) ((s) == owner && inBundles[of(s, c)] > inLog[of(s, c)] -> inBundles[of(s, c)] : inLog[of(s, c)])

/* A record of a higher claim supersedes those of lower claims with its transaction or a later one. */
inline load(s) {
    found = 0;
    c = 1;
    do
    :: c <= claim ->
        k = 0;
        n = 0;
        do
        :: k < S ->
            if
            :: k == s && owner == s && c == claim && !in(shut, s) -> end = hi[of(k, c)]
            :: else -> end = present(k, c)
            fi;
            if
            :: end > lo[of(k, c)] -> n++; overlay(of(k, c), end)
            :: else
            fi;
            k++
        :: else -> break
        od;
        assert(n <= 1);         /* two sessions' records in one claim */
        c++
    :: else -> break
    od;
    /* Everything that was confirmed, as it was confirmed. */
    assert(found >= confirmed);
    t = 1;
    do
    :: t <= confirmed -> assert(who[t] == by[t]); t++
    :: else -> break
    od;
    tx[s] = found;
    found = 0;
    t = 0;
    do
    :: t <= W -> who[t] = 0; t++
    :: else -> break
    od;
    t = 0; k = 0; n = 0; c = 0; end = 0;
#ifdef WITNESS_THRICE
    assert(!(claim == 3 && confirmed == 2 && by[1] != by[2] && size(shut) == 1));
#endif
}

/* What a session's bundles have of the object goes into its log/ files. */
inline promote(s) {
    c = 1;
    do
    :: c <= C ->
        if
        :: inBundles[of(s, c)] > inLog[of(s, c)] -> inLog[of(s, c)] = inBundles[of(s, c)]
        :: else
        fi;
        c++
    :: else -> break
    od;
    c = 0; n = 0
}

inline confirm(r, last) {
    do
    :: confirmed < last ->
        /* Nobody has confirmed this transaction, and everybody's before it are known here. */
        confirmed++;
        by[confirmed] = r
    :: else -> break
    od
}

#define runOf(s) of(s, (mine[s] == 0 -> 1 : mine[s]))
#define allConfirmed(s) (hi[runOf(s)] <= lo[runOf(s)] || (confirmed >= hi[runOf(s)] && by[hi[runOf(s)]] == runOf(s)))

/* `more`: what a minority of the followers had, too. */
inline gather(more) {
    c = 1;
    do
    :: c <= C ->
        k = of(s, c);
        n = lo[k];
        if
        :: confirmed > n && by[n + 1] == k -> 
            n++;
            do
            :: n < confirmed && by[n + 1] == k -> n++
            :: else -> break
            od
        :: else
        fi;
        if
        :: more && hi[k] > n -> n = hi[k]
        :: else
        fi;
        if
        :: n > inBundles[k] -> inBundles[k] = n
        :: else
        fi;
        /* The recovered end of the current claim counts as confirmed: the session may hear of its acknowledgements yet. */
        if
        :: owner == s && c == claim && inBundles[k] > confirmed && lo[k] <= confirmed -> confirm(k, inBundles[k])
        :: else
        fi;
        c++
    :: else -> break
    od;
    c = 0; k = 0; n = 0
}

#ifdef RELEASE_UNCONFIRMED /* broken: it lets go of the object while a write of it is not confirmed */
#define mayGive(s) 1
#else
#define mayGive(s) (!in(runs, s) || mine[s] == 0 || allConfirmed(s))
#endif

inline give(s, to) {
    d_step { owner == s && s != to && !in(shut, s) && giving[s] == 0 && claim < C && mayGive(s) ->
#ifndef RELEASE_RUNNING /* broken if defined: it goes on while the swap is under way */
        runs = runs & ~(1 << s); tx[s] = 0; mine[s] = 0;
#endif
        n = of(s, claim);
        if
        :: confirmed > lo[n] && by[confirmed] == n && inLog[n] < confirmed -> inLog[n] = confirmed
        :: else
        fi;
        giving[s] = claim; givingTo[s] = to; n = 0 }
}

proctype Session(byte s) {
    byte c, k, n, t, end;
    do
    /* Into memory: an object that has no ownership record has never been written. */
    :: d_step { !in(runs, s) && owner == NOBODY && hi[of(s, 1)] == 0 ->
        runs = runs | (1 << s); mine[s] = 0; tx[s] = 0 }
    :: d_step { !in(runs, s) && owner == s && giving[s] == 0 ->
        runs = runs | (1 << s); mine[s] = claim;
        load(s);
        if
        :: hi[of(s, claim)] == 0 -> lo[of(s, claim)] = tx[s]; hi[of(s, claim)] = tx[s]; inLog[of(s, claim)] = tx[s]; inBundles[of(s, claim)] = tx[s]
        :: else
        fi }
    /* Out of memory. */
    :: d_step { in(runs, s) && mine[s] != 0 && allConfirmed(s) -> runs = runs & ~(1 << s); tx[s] = 0; mine[s] = 0 }

    /* The first write claims the object. */
#ifdef APPEND_BEFORE_CLAIM /* broken: the record goes to the log while the claim is still on its way */
    :: d_step { in(runs, s) && mine[s] == 0 && tx[s] == 0 ->
        tx[s] = 1; hi[of(s, 1)] = 1; creating = creating | (1 << s) }
#else
    :: d_step { in(runs, s) && mine[s] == 0 && !in(creating, s) && owner != s -> creating = creating | (1 << s) }
#endif
    :: d_step { in(creating, s) && owner == NOBODY -> owner = s; claim = 1; creating = creating & ~(1 << s) }
    :: d_step { in(creating, s) && owner != NOBODY -> creating = creating & ~(1 << s) }
    :: d_step { in(runs, s) && mine[s] == 0 && owner == s && claim == 1 -> mine[s] = 1 }
    /* It has conflicted, or is given up. */
    :: d_step { in(runs, s) && mine[s] == 0 && (owner != NOBODY && owner != s || in(creating, s)) -> runs = runs & ~(1 << s); tx[s] = 0 }

    /* A write, and its confirmation. */
    :: d_step { in(runs, s) && mine[s] != 0 && tx[s] < W -> tx[s]++; hi[runOf(s)] = tx[s] }
    :: d_step { in(runs, s) && mine[s] != 0 && !allConfirmed(s) && (!in(shut, s) || inBundles[runOf(s)] >= hi[runOf(s)]) ->
        n = (confirmed > lo[runOf(s)] -> confirmed + 1 : lo[runOf(s)] + 1);
        assert(confirmed == n - 1);
        assert(confirmed == lo[runOf(s)] || by[confirmed] == runOf(s));
        confirm(runOf(s), n); n = 0 }

    /* Letting go, because another session has asked: first out of memory, then promoted, then the swap. */
    :: give(s, 0)
    :: give(s, 1)
#if S > 2
    :: give(s, 2)
#endif
    :: d_step { giving[s] != 0 && owner == s && claim == giving[s] -> owner = givingTo[s]; claim++; giving[s] = 0; givingTo[s] = 0 }
    :: d_step { giving[s] != 0 && !(owner == s && claim == giving[s]) -> giving[s] = 0; givingTo[s] = 0 }
#ifdef BELIEVE_READ_BACK /* broken: the outcome is unknown, the record is as it was, so "it has failed", and the object is served again */
    :: d_step { giving[s] != 0 && owner == s && claim == giving[s] && !in(runs, s) ->
        runs = runs | (1 << s); mine[s] = claim; load(s) }
#endif

    /* The takeover of this session by another: what was confirmed is found, and perhaps more; all of it is confirmed then. */
    :: d_step { !in(shut, s) && size(shut) < S - 1 -> shut = shut | (1 << s); gather(1) }
    :: d_step { !in(shut, s) && size(shut) < S - 1 -> shut = shut | (1 << s); gather(0) }
    :: d_step { in(shut, s) && !in(gone, s) && giving[s] == 0 ->
        promote(s);
        c = 1;
        do
        :: c <= C -> inBundles[of(s, c)] = inLog[of(s, c)]; c++
        :: else -> break
        od;
        c = 0; gone = gone | (1 << s) }

    /* Taking it from a sealed session: promote, then swap. */
    :: d_step { owner != NOBODY && owner != s && in(shut, owner) && taking[s] == 0 && claim < C ->
        k = owner;
#ifndef TAKE_UNPROMOTED /* broken if defined: what the former owner's bundles have is not promoted first */
        promote(k);
#endif
        taking[s] = claim; takingFrom[s] = k; k = 0 }
#ifdef CLAIM_OPEN       /* broken: taking it from a session that is not sealed, because it does not answer */
    :: d_step { owner != NOBODY && owner != s && taking[s] == 0 && claim < C -> taking[s] = claim; takingFrom[s] = owner }
#endif
    :: d_step { taking[s] != 0 && owner == takingFrom[s] && claim == taking[s] -> owner = s; claim++; taking[s] = 0; takingFrom[s] = 0 }
    :: d_step { taking[s] != 0 && !(owner == takingFrom[s] && claim == taking[s]) -> taking[s] = 0; takingFrom[s] = 0 }
    od
}
init {
    atomic { run Session(0); run Session(1);
#if S > 2
        run Session(2)
#endif
    }
}
