//! Help (よくある質問): the common questions, and the rules of licences in the licence crate's words.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use careplan_core::Lang;
use careplan_licence::{fees_in_words, rules_in_words};
use maud::html;

use super::Site;
use super::page::{Page, Place};
use super::visit::Visit;

pub(super) async fn show(State(site): State<Arc<Site>>, visit: Visit) -> Response {
    let lang = visit.lang;
    let title = lang.pick("よくある質問", "Help");
    let content = html! {
        div.narrow {
            h1 { (title) }
            @for (question, answer) in questions(lang) {
                h2 { (question) }
                p { (answer) }
            }
            h2 #rules { (lang.pick("ライセンスの決まり", "The rules of licences")) }
            ul { @for rule in rules_in_words(lang) { li { (rule) } } }
            h2 #fees { (lang.pick("利用料", "Fees")) }
            ul {
                @for (words, period) in fees_in_words(site.licences.fees(), lang) {
                    li {
                        (words)
                        @for source in period.sources() {
                            br; span.quiet { (lang.pick("出典: ", "Source: ")) (source) }
                        }
                    }
                }
            }
        }
    };
    Page::new(title, Some(Place::Help), content).show(&visit, &site)
}

fn questions(lang: Lang) -> [(&'static str, &'static str); 12] {
    [
        (
            lang.pick("利用を始めるには何をすればよいですか。", "How do we begin?"),
            lang.pick(
                "ログインして「利用申請/更新」から申請し、利用規約を最後まで読んで同意してください。同意した日からライセンスが有効になります。続いて電子証明書とクライアントを用意します。",
                "Log in, apply with Application/renewal, read the terms to their end and consent. The licence is valid from that day on. Then get the certificate and the client software.",
            ),
        ),
        (
            lang.pick("ユーザIDが分かりません。", "What is our user ID?"),
            lang.pick(
                "電子請求受付システムのユーザID（KJと12文字）です。登録の通知に書かれています。",
                "That of the electronic claims system: KJ and 12 more characters. It is in the letter of registration.",
            ),
        ),
        (
            lang.pick("仮パスワードと表示されました。", "It says the password is temporary."),
            lang.pick(
                "通知された最初のパスワードです。画面の案内に従って、ご自分のパスワードに変更してください。有効期限が切れたときも同じです。",
                "It is the first one, from the letter. Choose one of your own as the page says. The same goes for an expired one.",
            ),
        ),
        (
            lang.pick("ロックされましたと表示されました。", "It says we are locked out."),
            lang.pick(
                "パスワードを5回続けて間違えると、安全のためしばらくログインできません。表示された時間だけ待って、もう一度お試しください。間違いを繰り返すと待ち時間は長くなります。",
                "After five wrong passwords in a row you have to wait as long as the page says. More wrong ones make it longer.",
            ),
        ),
        (
            lang.pick("相手の事業所に送れません。", "We cannot send to an office."),
            lang.pick(
                "送信には、送信側と受信側の両方のライセンスがその日に有効であることが必要です。相手の事業所に利用申請や更新を依頼してください。",
                "Both sides need a licence that is valid on that day. Ask the other office to apply or renew.",
            ),
        ),
        (
            lang.pick("自分の事業所に送れますか。", "Can we send to ourselves?"),
            lang.pick("自分の事業所番号には送信できません。", "No, not to your own office number."),
        ),
        (
            lang.pick("有効期限が切れるとどうなりますか。", "What happens when the licence ends?"),
            lang.pick(
                "送信と新しい受信ができなくなります。受信済みのものは引き続き読めます。もう一度申請すると、同意した日から利用できます。",
                "You cannot send or newly receive. What was received stays readable. Apply again and you can go on from the day of consent.",
            ),
        ),
        (
            lang.pick("事業所が複数あります。", "We have several offices."),
            lang.pick(
                "ライセンスと電子証明書は事業所番号ごとに必要です。事業所ごとにログインして申請してください。",
                "Each office number needs its own licence and certificate. Log in and apply for each.",
            ),
        ),
        (
            lang.pick("電子証明書は何を使いますか。", "Which certificate do we use?"),
            lang.pick(
                "電子請求をしている事業所は介護保険証明書をそのまま使います。それ以外の事業所には、このシステム用の証明書（介護DX証明書）を無料で発行します。代理人証明書と障害総合支援証明書は使えません。",
                "Offices that file claims electronically use that certificate (介護保険証明書). Others get one for this system (介護DX証明書), free of charge. Agents' certificates and those of the disability system are not accepted.",
            ),
        ),
        (
            lang.pick("どのパソコンに入れますか。", "On which computer do we install it?"),
            lang.pick(
                "Windows 10以降のパソコン1台です。介護ソフトの入ったパソコンでも、別のパソコンでもかまいません。受信したものは事業所の中で共有します。",
                "On one computer with Windows 10 or later: the one with your care software, or another. What is received is shared in the office.",
            ),
        ),
        (
            lang.pick("送ったものが届いたか、どこで分かりますか。", "How do we see whether something arrived?"),
            lang.pick(
                "「送受信の履歴」で、相手が受け取ったかどうかと受領証を確かめられます。",
                "The sending history tells whether the other side has received it, and holds the receipts.",
            ),
        ),
        (
            lang.pick("請求書払いにできますか。", "Can we pay by invoice?"),
            lang.pick(
                "できます。国保連合会に申し出たうえで、「ライセンス」のページの「支払方法の変更」で請求書による振込を選んでください。",
                "Yes. Tell the prefectural federation, then choose the invoice on the licence page.",
            ),
        ),
    ]
}
