//! What a crash leaves behind, and what else lies in the folder, does not block the next start.

use super::*;

#[tokio::test]
async fn a_postgres_that_is_killed_comes_back_with_every_row() {
    let data_dir = folder();
    let embedded = started(data_dir.path()).await;
    write_row(embedded.database_url()).await;
    for _ in 0..2 {
        let pid = postmaster(data_dir.path());
        kill(pid, Signal::SIGKILL).expect("it runs");
        // A fraction of a second on an idle machine.
        until("Postgres is back", Duration::from_secs(15), async || {
            pid_file(data_dir.path()).exists()
                && postmaster(data_dir.path()) != pid
                && tokio_postgres::connect(embedded.database_url(), NoTls).await.is_ok()
        })
        .await;
        row_is_there(embedded.database_url()).await;
    }
    embedded.stop().await;
    assert!(!pid_file(data_dir.path()).exists());
}

#[tokio::test]
#[ignore = "run, and killed, by annex_killed_with_9_leaves_nothing_that_blocks_the_next_start"]
async fn runs_until_it_is_killed() {
    let data_dir = given_data_dir();
    let _embedded = started(&data_dir).await;
    fs::write(data_dir.join("started"), "").expect("the folder can be written");
    sleep(Duration::from_secs(60)).await;
}

fn killed_after(mut annex: Child, started: &Path) {
    let begin = Instant::now();
    while !started.exists() {
        assert!(begin.elapsed() < Duration::from_secs(30), "the other Annex does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    annex.kill().expect("it runs");
    annex.wait().expect("it ended");
}

#[tokio::test]
async fn annex_killed_with_9_leaves_nothing_that_blocks_the_next_start() {
    let data_dir = folder();
    let mut rows = false;
    for _ in 0..3 {
        let annex =
            program("crashes::runs_until_it_is_killed", data_dir.path(), None).stdout(Stdio::null()).spawn();
        killed_after(annex.expect("this program runs"), &data_dir.path().join("started"));
        fs::remove_file(data_dir.path().join("started")).expect("it is there");
        let orphan = postmaster(data_dir.path());
        assert!(runs(orphan), "Postgres outlives a kill -9 of Annex");

        let begin = Instant::now();
        let embedded = started(data_dir.path()).await;
        println!("took over in {:?}", begin.elapsed());
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert!(!runs(orphan), "there is one server, not two");
        if !rows {
            write_row(embedded.database_url()).await;
            rows = true;
        }
        row_is_there(embedded.database_url()).await;
        embedded.stop().await;
    }
}

/// What a crash of the whole machine leaves: a lock file, with the number of `pid` in it.
async fn after_a_crash(data_dir: &Path, pid: impl std::fmt::Display) {
    let embedded = started(data_dir).await;
    write_row(embedded.database_url()).await;
    let lock = fs::read_to_string(pid_file(data_dir)).expect("it runs");
    embedded.stop().await;
    let rest = lock.split_once('\n').expect("there are more lines").1;
    fs::write(pid_file(data_dir), format!("{pid}\n{rest}")).expect("the folder can be written");
    let account = Account::choose(&data_dir.join("postgres")).expect("somebody runs Postgres");
    account.own(&pid_file(data_dir)).expect("we may");

    let embedded = started(data_dir).await;
    row_is_there(embedded.database_url()).await;
    embedded.stop().await;
}

#[tokio::test]
async fn the_lock_file_of_a_process_that_is_gone_does_not_block() {
    let mut gone = Command::new("true").spawn().expect("it runs");
    gone.wait().expect("it ended");
    after_a_crash(folder().path(), gone.id()).await;
}

#[tokio::test]
async fn the_lock_file_of_a_number_that_another_program_got_does_not_block() {
    let data_dir = folder();
    let mut sleep = tokio::process::Command::new("sleep");
    // Of the same account: that is the case that Postgres itself takes for a running server.
    Account::choose(&data_dir.path().join("postgres")).expect("somebody runs Postgres").run(&mut sleep);
    let mut other = sleep.arg("60").kill_on_drop(true).spawn().expect("it runs");
    after_a_crash(data_dir.path(), other.id().expect("it runs")).await;
    assert!(other.try_wait().expect("it can be asked").is_none(), "the other program was left alone");
}

#[tokio::test]
async fn an_empty_lock_file_does_not_block() {
    after_a_crash(folder().path(), "").await;
    let data_dir = folder();
    started(data_dir.path()).await.stop().await;
    fs::write(pid_file(data_dir.path()), "").expect("the folder can be written");
    started(data_dir.path()).await.stop().await;
}

#[tokio::test]
async fn a_cluster_that_was_not_finished_is_made_anew() {
    let data_dir = folder();
    let half_made = data_dir.path().join("postgres.unfinished-1234");
    fs::create_dir(&half_made).expect("the folder can be written");
    fs::write(half_made.join("PG_VERSION"), "15\n").expect("the folder can be written");
    started(data_dir.path()).await.stop().await;
    assert!(!half_made.exists());
}

#[tokio::test]
async fn what_is_not_a_cluster_is_left_alone() {
    let data_dir = folder();
    let other = data_dir.path().join("postgres/letters.txt");
    fs::create_dir(data_dir.path().join("postgres")).expect("the folder can be written");
    fs::write(&other, "dear").expect("the folder can be written");
    let message = refused(data_dir.path()).await;
    assert!(message.contains("is not a Postgres cluster"), "{message}");
    assert_eq!(fs::read_to_string(&other).expect("still there"), "dear");
}

#[tokio::test]
async fn a_link_in_the_clusters_folder_leads_nowhere() {
    let (data_dir, ours) = (folder(), folder());
    started(data_dir.path()).await.stop().await;
    let cluster = data_dir.path().join("postgres");
    let account = Account::choose(&cluster).expect("somebody runs Postgres");
    let file = ours.path().join("file");
    fs::write(&file, "ours").expect("the folder can be written");
    let before = fs::metadata(&file).expect("it is there");
    symlink(&file, cluster.join("annex.conf.new")).expect("the folder can be written");
    let first_words = cluster.join("log/start.log");
    fs::remove_file(&first_words).expect("it was written");
    symlink(&file, &first_words).expect("the folder can be written");
    started(data_dir.path()).await.stop().await;
    assert!(account.owns(&fs::symlink_metadata(&first_words).expect("it was written")));

    fs::remove_dir_all(cluster.join("log")).expect("it was written");
    symlink(ours.path(), cluster.join("log")).expect("the folder can be written");
    let message = refused(data_dir.path()).await;
    assert!(message.contains("postgres/log"), "{message}");
    let after = fs::metadata(&file).expect("it is there");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "ours");
    assert_eq!((after.uid(), after.mode()), (before.uid(), before.mode()));
    assert_eq!(fs::metadata(ours.path()).expect("it is there").uid(), Uid::effective().as_raw());
}
