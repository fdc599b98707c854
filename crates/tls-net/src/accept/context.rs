//! Which context serves this client: an exact name, a pattern, the hook, else the default.

use tls_context::SecureContext;
use tls_wire::{AlertDescription, ClientHello};

use super::{Chosen, Incoming};
use crate::connection_info::ContextRule;
use crate::error::Phase;
use crate::refused::Refused;

pub(crate) async fn choose(
    incoming: &Incoming<'_>,
    hello: &ClientHello,
) -> Result<Chosen, Refused> {
    let contexts = incoming.shared.contexts.load_full();
    let of_set = contexts.generation;
    let generation = |context: &SecureContext| of_set.saturating_add(context.generation());
    if let Some((pattern, context)) = contexts.named.get(hello.server_name()) {
        let rule = ContextRule::Name(pattern.clone());
        return Ok(Chosen {
            context: context.clone(),
            rule,
            generation: generation(context),
        });
    }
    if let Some(hook) = &incoming.shared.choose_context {
        let answer = hook
            .ask(hello.clone(), incoming.shared.limits.hook_timeout)
            .await;
        let chosen = answer.map_err(|kind| {
            Refused::with_alert(kind, Phase::Context, AlertDescription::InternalError)
        })?;
        if let Some(context) = chosen {
            let generation = generation(&context);
            return Ok(Chosen {
                context,
                rule: ContextRule::Hook,
                generation,
            });
        }
    }
    let context = contexts.default.clone();
    let generation = generation(&context);
    Ok(Chosen {
        context,
        rule: ContextRule::Default,
        generation,
    })
}
