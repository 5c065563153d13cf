//! Mail that was not sent, since no mail server is set.

use annex_openapi::outbox::{OutboxEntry, OutboxMail};
use leptos::prelude::*;

use crate::api::{Pages, use_api};
use crate::pages::jobs::JobsHead;
use crate::ui::{Ago, Button, CodeBlock, Empty, IconName, Instant, NamedDrawer, PagedList};
use crate::url::{UrlQuery, use_url_query};

/// How many mails a page has.
const PAGE: usize = 50;

/// The outbox.
#[component]
pub fn Outbox() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let pages = Pages::new(move |cursor| async move {
        let page = api.outbox(PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    pages.reload();
    view! {
        <JobsHead
            title="Outbox"
            actions=move || {
                view! {
                    <Button icon=IconName::RefreshCw busy=pages.loading press=move |_| pages.reload()>
                        "Refresh"
                    </Button>
                }
            }
        />
        <div class="page wide">
            <PagedList pages empty=Nothing rows=move || view! { <Rows pages query /> } />
        </div>
        <MailDrawer />
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <Empty icon=IconName::Mail title="No mail is here">
            <p>
                "Where no mail server is set (ANNEX_SMTP_URL), what jobs of the kind email.send would have sent is shown here. The last 1,000 are kept."
            </p>
        </Empty>
    }
}

#[component]
fn Rows(pages: Pages<OutboxEntry>, query: UrlQuery) -> impl IntoView {
    let chosen = query.memo("mail");
    view! {
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Subject"</th>
                        <th scope="col" class="only-wide">
                            "To"
                        </th>
                        <th scope="col" class="end">
                            "When"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || pages.items.get().unwrap_or_default() key=|mail| mail.id let(mail)>
                        {
                            let id = mail.id.to_string();
                            let this = id.clone();
                            let to = mail.to.join(", ");
                            let subject = if mail.subject.is_empty() { "No subject".to_owned() } else { mail.subject };
                            view! {
                                <tr class="link" class:chosen=move || chosen.with(|chosen| chosen.as_deref() == Some(this.as_str()))>
                                    <td>
                                        <a class="row-link" data-noscroll="" href=move || query.link(&[("mail", Some(id.clone()))])>
                                            {subject}
                                        </a>
                                        <div class="only-narrow soft small truncate">{to.clone()}</div>
                                    </td>
                                    <td class="only-wide soft">{to}</td>
                                    <td class="end soft">
                                        <Ago at=mail.created_at />
                                    </td>
                                </tr>
                            }
                        }
                    </For>
                </tbody>
            </table>
    }
}

/// The mail that the URL names.
#[component]
fn MailDrawer() -> impl IntoView {
    let api = use_api();
    let title = |mail: &OutboxMail| {
        if mail.subject.is_empty() { "No subject".to_owned() } else { mail.subject.clone() }
    };
    view! {
        <NamedDrawer
            parameter="mail"
            title
            waiting="Mail"
            fetch=move |id: String| async move { api.mail(&id).await }
            content=|mail, _| view! { <Mail mail /> }.into_any()
        />
    }
}

#[component]
fn Mail(mail: OutboxMail) -> impl IntoView {
    let fact = |term: &'static str, value: String| view! { <dt>{term}</dt> <dd>{value}</dd> };
    let cc = (!mail.cc.is_empty()).then(|| fact("Cc", mail.cc.join(", ")));
    let reply_to = mail.reply_to.map(|reply_to| fact("Reply to", reply_to));
    view! {
        <div class="stack">
            <dl class="definition">
                {fact("From", mail.from)} {fact("To", mail.to.join(", "))} {cc} {reply_to} <dt>"When"</dt> <dd>
                    <Instant at=mail.created_at />
                </dd> <dt>"Job"</dt> <dd>
                    <a href=format!("/jobs/{}", mail.job_id)>"The job that wrote it"</a>
                </dd>
            </dl>
            <pre class="mail-text" tabindex="0" role="region" aria-label="The text">
                {mail.text}
            </pre>
            {mail
                .html
                .map(|html| {
                    // As its source: it is made by others, and no part of this page.
                    view! {
                        <section class="stack tight">
                            <h3 class="field-label">"As HTML"</h3>
                            <CodeBlock text=Signal::stored(html) label="The HTML" />
                        </section>
                    }
                })}
        </div>
    }
}
