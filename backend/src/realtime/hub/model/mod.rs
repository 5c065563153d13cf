//! The hub beside a model of what it should tell: random series of commits, losses and what clients do, in any order, and after every
//! message that a client takes its rows are what a list would answer there.
//!
//! Nothing runs beside: each step is done when the next begins, so a series that fails fails again, and is made short.

mod client;
mod log;
mod steps;
mod truth;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use secrecy::SecretString;
use tokio::sync::mpsc;

use client::{Client, Counts};
use log::Log;
use steps::{Act, Doing, Step, step};
use world::{Fact, Moment, Row, USERS, World};

use super::State;
use super::command::Command;
use super::topics::Topics;
use crate::clock::{Clock, Random};
use crate::collections::catalogue::Catalogue;
use crate::config;
use crate::db::Db;
use crate::realtime::channels::presence::Here;
use crate::telemetry::Metrics;

/// How many changes of rows are kept at least.
const KEPT: usize = 20;
/// How many bytes may wait for a client: a few events.
const WAITING: usize = 500;

/// What every hub here has.
struct Ground {
    db: Db,
    here: Arc<Here>,
    metrics: Metrics,
}

/// The hub, and everything around it.
struct Scene<'a> {
    ground: &'a Ground,
    world: World,
    log: Log,
    catalogue: Arc<Catalogue>,
    state: State,
    clients: Vec<Client>,
    connections: u64,
    counts: &'a mut Counts,
}

impl<'a> Scene<'a> {
    fn new(ground: &'a Ground, counts: &'a mut Counts) -> Self {
        let world = World::default();
        let catalogue = Arc::new(Catalogue::default());
        catalogue.set(world.snapshot());
        Self {
            log: Log::new(&world, &catalogue.snapshot()),
            state: hub(ground, &catalogue),
            ground,
            world,
            catalogue,
            clients: (0..USERS).map(Client::new).collect(),
            connections: 0,
            counts,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Commit(acts) => {
                let mut moment = self.world.now.clone();
                let facts: Vec<Fact> = acts.iter().flat_map(|act| facts(&mut moment, *act)).collect();
                if !facts.is_empty() {
                    self.world.commit(facts);
                }
            }
            Step::Deliver(many) => {
                for _ in 0..*many {
                    self.deliver();
                }
            }
            Step::Refresh => self.catalogue.set(self.world.snapshot()),
            Step::LoseConnection => {
                if let Some(event) = self.log.lose_connection() {
                    self.state.event(event);
                }
            }
            Step::LoseSlot => {
                if let Some(event) = self.log.lose_slot(&self.world) {
                    self.state.event(event);
                }
            }
            Step::Advance => self.log.advance(),
            Step::Restart => {
                self.clients.iter_mut().for_each(Client::lose_server);
                self.log.forget();
                self.catalogue.set(self.world.snapshot());
                self.state = hub(self.ground, &self.catalogue);
            }
            Step::Wait(ticks) => (0..*ticks).for_each(|_| self.state.tick()),
            Step::Client(client, doing) => self.client(*client, *doing),
        }
        self.state.go_on();
    }

    /// Tells the next event of the log; whether there was one.
    fn deliver(&mut self) -> bool {
        let event = self.log.next(&self.world, &self.catalogue);
        let is_any = event.is_some();
        event.into_iter().for_each(|event| self.state.event(event));
        self.state.go_on();
        is_any
    }

    fn client(&mut self, client: usize, doing: Doing) {
        let Self { world, log, catalogue, state, counts, .. } = self;
        let client = &mut self.clients[client];
        match doing {
            Doing::GoOn(steps, filter) => {
                for _ in 0..steps {
                    self.connections += 1;
                    client.go_on(self.connections, filter, log, catalogue, world, state);
                    state.go_on();
                }
            }
            Doing::Disconnect => client.disconnect(state),
            Doing::Look => client.look(world),
            Doing::Answer => client.answer(state),
            Doing::Subscribe { filter } => client.subscribe(filter, catalogue, world, state),
            Doing::Read { sees_all } => client.read(sees_all, log, world),
            Doing::Tell => client.tell(state),
            Doing::Take(most) => client.take(most, log, world, state, counts),
        }
    }

    /// Lets everybody be told everything.
    fn settle(&mut self) {
        for _ in 0..100 {
            while self.deliver() {}
            for client in 0..self.clients.len() {
                self.client(client, Doing::GoOn(1, 0));
                self.client(client, Doing::Take(usize::MAX));
                self.state.go_on();
            }
            if self.clients.iter().all(|client| client.knows(&self.world)) {
                return;
            }
        }
        panic!("some are never told what is: {:#?}", self.clients);
    }
}

fn hub(ground: &Ground, catalogue: &Arc<Catalogue>) -> State {
    let topics = Topics::new(Clock::system(), Arc::clone(&ground.here));
    let (hub, _) = mpsc::unbounded_channel::<Command>();
    State::new(catalogue, &ground.db.own, topics, &ground.metrics, KEPT * log::LARGEST, hub.downgrade())
}

/// What an act comes to at that moment.
fn facts(moment: &mut Moment, act: Act) -> Vec<Fact> {
    let there = |key: u8| moment.rows.get(&key).map(|row| (key, *row));
    let facts = match act {
        Act::Put(key, row) => vec![Fact::Row { old: there(key), new: Some((key, row)) }],
        Act::Delete(key) => {
            there(key).map(|old| Fact::Row { old: Some(old), new: None }).into_iter().collect()
        }
        Act::Rename(from, to, row) => match (there(from), there(to)) {
            (Some(old), None) => {
                vec![Fact::Leaves(from), Fact::Row { old: Some(old), new: Some((to, row)) }]
            }
            _ => Vec::new(),
        },
        Act::Truncate => vec![Fact::Truncated],
        Act::Role { user, role } => vec![Fact::Role { user, role }],
        Act::Rule(rule) => vec![Fact::Rule(rule)],
    };
    facts.iter().for_each(|fact| moment.take(*fact));
    facts
}

/// What hubs need. Nothing that happens here asks the database.
fn ground() -> Ground {
    let url = SecretString::from("postgres://nobody@127.0.0.1:1/none");
    let database = config::Database {
        url: None,
        data_dir: PathBuf::new(),
        pg_bin: None,
        max_connections: 40,
        statement_timeout: Duration::from_secs(10),
    };
    let db = Db::new(&url, &database, 1).expect("the URL is one");
    Ground { here: Arc::new(Here::new(&db.pool, Random)), db, metrics: Metrics::new() }
}

#[tokio::test]
async fn a_subscription_that_falls_behind_does_not_come_back_in_place_of_its_replacement() {
    let (ground, mut counts) = (ground(), Counts::default());
    let mut scene = Scene::new(&ground, &mut counts);
    scene.step(&Step::Commit(vec![Act::Rule(0), Act::Put(0, Row { owner: 0, room: 0 })]));
    for _ in 0..10 {
        while scene.deliver() {}
        scene.step(&Step::Client(0, Doing::GoOn(1, 0)));
        scene.step(&Step::Client(0, Doing::Take(usize::MAX)));
    }
    assert!(scene.clients[0].knows(&scene.world));
    // More is to be told than the client takes, and meanwhile it asks for something else.
    for round in 0..20 {
        scene.step(&Step::Commit(vec![Act::Put(0, Row { owner: 0, room: round % 2 })]));
    }
    let (connection, view) = scene.clients[0].replace(scene.world.end(), &mut scene.state);
    while scene.deliver() {}
    for _ in 0..50 {
        let outbox = scene.state.registry.outbox(connection).unwrap();
        outbox.take();
        if outbox.takes_more() {
            scene.state.command(Command::Room(connection));
        }
        scene.state.go_on();
    }
    let told = scene.state.registry.view(connection, "s").unwrap();
    assert!(Arc::ptr_eq(told, &view), "it is told what it asked for last");
}

#[tokio::test]
async fn every_client_has_what_a_list_would_answer_where_it_is() {
    let set =
        |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("the setting is a number"));
    let cases = set("ANNEX_PROOF_CASES").unwrap_or(400);
    let seed = set("ANNEX_TEST_SEED").unwrap_or(7);
    let ground = ground();
    let counts = std::cell::RefCell::new(Counts::default());
    let config = Config {
        cases: cases as u32,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    };
    let checked = TestRunner::new(config).run(&vec(step(), 1..250), |steps| {
        let mut counts = counts.borrow_mut();
        let mut scene = Scene::new(&ground, &mut counts);
        steps.iter().for_each(|step| scene.step(step));
        scene.settle();
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    let counts = counts.into_inner();
    println!("{cases} series: {counts:?}");
    assert!(counts.events > 0 && counts.resumed > 0 && counts.let_go > 0, "{counts:?}");
    for reason in ["access_changed", "collection_changed", "truncated", "too_old", "log_lost"] {
        assert!(counts.resyncs.contains_key(reason), "{reason}: {counts:?}");
    }
}
