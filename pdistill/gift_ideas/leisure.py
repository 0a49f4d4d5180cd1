"""The gift ideas about play, sports, festivities and travel: one line of text holds emoji, a title and a description.

It must not know pictures, files or packages; `{name}` stands for the emoji's own name.
"""

from __future__ import annotations

PLAY = """
🎃 Pumpkin carving kit: jack-o'-lantern tools for Halloween
🎄 Christmas ornaments: glass baubles for tree trimming and Christmas lovers
🎆🎇🧨 {name} pack: a bang for New Year's Eve and summer festivals
🎈 Balloon animal kit: twist balloons, for clowns and children's entertainers
🎎 Japanese dolls: hand-painted porcelain dolls for doll collectors
🎏 Carp windsock: a colorful koi streamer for the garden and Japan fans
🎐 Wind chime: gentle sounds for a calm porch or balcony
🎀 Hair ribbon: silk bows for little girls and ballet buns
🎟 Concert tickets: live music for festival goers
🎫 Theater ticket: a musical or play on stage for theater fans
🎖 Medal display case: for veterans and military history collectors
🏆🏅🥇 Engraved {name}: an award for champions, coaches and competitive athletes
⚽ Soccer ball: a match ball for kids and soccer players
⚾🥎 {name} glove set: a mitt and ball for playing catch at the ballpark
🏀 Basketball: an indoor ball and hoop for teens who shoot hoops
🏐 Volleyball: for beach volleyball with friends
🏈 American football: for tailgates and Sunday game day fans
🏉 Rugby ball: for scrums, tackles and rugby club players
🎾 Tennis racket: a graphite racket for tennis players
🥏 Frisbee: a flying disc for park afternoons and ultimate players
🎳 Bowling night voucher: lanes and shoes for a bowling league
🏏 Cricket bat: willow bat and ball for cricket players
🏑🥍 {name} set: stick and ball for field team players
🏒 Ice hockey stick: stick and puck for hockey fans on the rink
🏓 Table tennis set: paddles and balls for ping-pong at the office
🏸 Badminton set: rackets and shuttlecocks for the backyard
🥊 Boxing gloves: for boxing training and kickboxing at the gym
🥋 Karate uniform: a white gi and belt for judo and martial arts students
🥅 Goal net: a folding soccer goal for the backyard
⛳ Golf set: clubs, balls and tees for golfers on the green
⛸ Ice skates: blades for figure skating in winter
🎣 Fishing rod: reel, line and lures for a patient fisherman at the lake
🤿 Diving mask: a snorkel set for snorkeling and scuba divers
🎽 Running shirt: breathable gear for marathon runners and joggers
🎿 Skis: carving skis and boots for alpine skiers
🛷 Wooden sled: snowy hills and winter fun for kids
🥌 Curling stone: a tabletop curling game for winter sports fans
🎯 Dartboard: bullseye darts for the pub, den or man cave
🪀 Yo-yo: string tricks for a nimble schoolkid
🪁 Kite: a stunt kite for windy days at the beach
🔫 Water pistol: soak your friends on hot summer days
🎱 Pool cue: billiards and snooker for evenings at the pub
🔮 Crystal ball: tarot and fortune telling for mystics and astrology fans
🪄 Magic trick set: wand, cards and illusions for a young magician
🎮 Game controller: a gamepad for video gamers and console players
🕹 Retro arcade joystick: pixel classics for retro gaming nerds
🎰 Slot machine bank: casino fun for Las Vegas fans
🎲 Board game night box: dice, tokens and strategy for board gamers
🧩 Jigsaw puzzle: a thousand pieces for patient puzzlers on rainy days
🧸 Teddy bear: a soft teddy for newborns and little children
🪅 Piñata: filled with candy for a children's Mexican fiesta
🪩 Disco ball: glitter lights for dancing and seventies music
🪆 Nesting dolls: painted Russian matryoshka dolls for folk art collectors
♟ Chess set: carved wooden pieces for chess players
🃏 Playing cards: poker and bridge decks for card players
🀄 Mahjong set: tiles for mahjong rounds with friends
🎴 Hanafuda cards: flower cards for fans of Japanese games
🎭 Theater masks: comedy and tragedy for amateur actors and drama fans
🖼 Framed art print: a painting for museum lovers and gallery walls
🎨 Artist paint set: watercolors, acrylics and a palette for painters
🧵🪡 {name} sewing kit: for sewing, embroidery, quilting and mending clothes
🧶 Yarn bundle: merino wool and needles for knitting and crochet
🪢 Macramé cord: knots for wall hangings, sailors and climbers
"""

TRAVEL = """
🌍🌎🌏 {name}: a desk globe for geography fans and world travelers
🗺 Scratch-off world map: mark countries visited, for globetrotters and backpackers
🧭 Brass compass: find north on hikes, orienteering and scout trips
🏔⛰ {name} climbing guide: summit routes for mountaineers and rock climbers
🌋 Volcano experiment kit: an erupting model for young geologists
🗻 Mount Fuji print: a Japanese woodblock picture of the sacred peak
🏕⛺ {name} gear set: tent, stove and sleeping bag for camping in the wild
🏖⛱ {name} set: parasol, towel and sand toys for a day at the beach
🏝 Island getaway: hammock and palm trees for a vacation under the sun
🏜 Desert stargazing trip: dunes and dark skies for adventurers
🏞 National park pass: trails, lakes and wildlife for hikers and nature photographers
🏟 Stadium tour: behind the scenes for soccer and sports fans
🏛 Museum membership: exhibitions for art, ancient Rome and history lovers
🏗 Toy crane: a construction site set for kids who love diggers and machines
🧱 Toy building bricks: colorful plastic blocks for little architects
🪨 Rock and mineral collection: crystals and gems for geology fans
🪵 Wood carving blanks: basswood blocks for whittlers and woodworkers
🛖 Garden shed playhouse: a wooden den for children's adventures
🏠🏡 {name} dollhouse: tiny furniture and rooms for children's pretend play
🏥 Toy doctor's hospital: pretend play for future nurses and doctors
🏨 Weekend hotel voucher: a spa and breakfast break for tired couples
🏯🏰 {name} model: knights, kings and towers for medieval history fans
🗼🗽 {name} souvenir model: a famous city landmark for travelers and collectors
⛪ Cathedral organ concert: sacred choir music for churchgoers
⛲ Garden fountain: splashing water for a patio, birds and garden pond
🌃🏙🌉 {name} photo print: city lights for urban photographers and architects
🌅🌄 {name} canvas: golden light over the horizon for landscape photographers
♨ Hot springs spa day: sauna, thermal baths and relaxation
🎠 Carousel music box: a wind-up horse and melody for a nursery
🎡🎢 {name} theme park pass: thrilling rides for teenagers and families
💈 Barber shave voucher: hot towel, beard trim and haircut for bearded men
🎪 Circus tickets: acrobats, clowns and trapeze for families
🚂🚄🚃🚞 Model {name}: a miniature railway for train enthusiasts and model railroaders
🚋🚌🚎 {name} toy: public transport for kids who love city buses and trams
🚑🚒🚓 {name} toy: sirens and rescue for kids who play firefighter and police
🚕🚗 {name} die-cast model: a miniature car for vintage car collectors
🚙🚐 {name} road trip kit: camper van gear for vanlife and family road trips
🛻🚚🚛 {name} toy: a sturdy truck for toddlers in the sandbox
🚜 Toy tractor: plows and trailers for farm-loving kids
🏎 Race car experience: hot laps on a track for motorsport and Formula 1 fans
🏍 Motorcycle tool roll: leather kit for bikers on long rides
🛵 Scooter helmet: retro style for riding a Vespa in the city
🚲 Bicycle: a touring bike for cyclists and daily commuters
🛴 Kick scooter: fast wheels for school kids in the city
🛹 Skateboard: a maple deck for skaters doing tricks at the skate park
🛼 Roller skates: retro quad skates for a teen who loves roller disco
🛞 Tire pressure kit: for car mechanics who care for wheels
⚓ Anchor wall hook: maritime decoration for sailors and harbor homes
🛟 Life ring mirror: nautical bathroom decor for lifeguards and swimmers
⛵ Sailing lesson: wind and waves for future sailors
🛶 Canoe trip: paddle rivers in a kayak, for outdoor adventurers
🚤🛥 {name} ride: waterskiing and wakeboarding at full speed
🛳⛴🚢 {name} model kit: a ship to build for ocean liner and navy fans
✈🛩 {name} model kit: an aircraft to glue and paint for aviation fans and pilots
🪂 Skydiving voucher: a tandem parachute jump for daredevils
🚁 Remote control helicopter: an indoor drone for tech-loving kids
🚠🚡 {name} day pass: mountain views for skiers and hikers
🛰🚀 {name} model kit: a spacecraft for future astronauts and space fans
🛸 UFO lamp: an alien ship for science fiction fans
🧳 Carry-on suitcase: rolling luggage for frequent flyers and business travelers
⌛⏳ {name}: a sand timer for focused study, tea and meditation
⌚ Wristwatch: a classic leather watch for a punctual gentleman
⏰ Alarm clock: a loud bell for teenagers who oversleep
⏱⏲ {name}: precise timing for runners, coaches and cooks
🕰 Mantel clock: a ticking antique for clock collectors
🌙🌕 {name} lamp: a soft moon night light for a child's bedroom
🌡 Weather station: temperature and barometer for hobby meteorologists
🌞 Sun catcher: colored glass light for a bright window
🪐 Planet mobile: the solar system for astronomy-loving children
⭐🌟🌠 {name} constellation map: the night sky for stargazers and romantic astronomers
🌌 Galaxy projector: the Milky Way on a bedroom ceiling
🌈 Rainbow craft kit: colorful beads and crayons for preschool children
🌂☂☔ Windproof {name}: keeps rainy city commuters dry
❄⛄☃ {name} winter decoration: snow, ice and cozy Christmas evenings
🔥 Fire pit: a steel bowl for campfires, marshmallows and garden evenings
💧 Water filter bottle: clean drinking water for trekkers and gym goers
🌊 Surfing lesson: waves and a board for future surfers
"""
