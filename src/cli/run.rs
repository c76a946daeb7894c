//! `run`: the service.

use super::{
    Chattiness, Context,
    exit::{Exit, Failure},
    house,
};

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let config = context.own_config()?;
    context.log(Chattiness::Service, Some(&config))?;
    Box::pin(house::run(&config)).await
}
