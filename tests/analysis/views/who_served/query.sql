SELECT service, endpoint, final_endpoint, requests, share, failed, first_seen, last_seen FROM who_served('frontend.mycompany.mesh', until := '2026-11-23T20:54:05Z')
